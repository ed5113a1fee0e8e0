"""Side-by-side performance measurements, one file per question; the ratios are the result."""
