# One image for every Python process of the chain; docker-compose.yml says which one runs, and with which settings.
FROM python:3.11.16-slim-bookworm AS interpreter

FROM interpreter AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/slotwatch
COPY requirements.lock ./
# Wheels only: there is no compiler here, and no package's set-up script is run.
RUN pip --python /opt/slotwatch/bin/python install --require-hashes --only-binary :all: -r requirements.lock
# What builds our own wheel stays in this stage. Only its part of the developers' lock is taken; --require-hashes
# refuses to go on if a package that it needs is not among them.
COPY requirements-dev.lock ./
RUN awk '/^[a-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } keep' \
      requirements-dev.lock > build.lock \
 && pip install --require-hashes --only-binary :all: -r build.lock
COPY pyproject.toml README.md ./
COPY sla sla
COPY booking_core booking_core
COPY exporter exporter
COPY dashboards dashboards
COPY alerts alerts
COPY loadtests loadtests
COPY stack stack
# A real installation, not a PYTHONPATH: the exporter publishes the version that the distribution says it has.
RUN python -m hatchling build -t wheel -d /wheels \
 && pip --python /opt/slotwatch/bin/python install --no-deps --no-index /wheels/*.whl

FROM interpreter
LABEL org.opencontainers.image.title="slotwatch" \
      org.opencontainers.image.description="A booking core for voice-agent appointments, with the monitoring that proves it keeps its promise." \
      org.opencontainers.image.version="0.1.0"
# Nothing is installed from here on, so what could install goes. The directories exist because a named volume takes
# its owner from the directory that it covers.
RUN PIP_ROOT_USER_ACTION=ignore pip uninstall --yes pip setuptools wheel \
 && groupadd --gid 10001 slotwatch \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin slotwatch \
 && install --directory --owner slotwatch --group slotwatch \
      /var/lib/slotwatch/metrics /var/lib/slotwatch/oncall /var/lib/slotwatch/probe \
      /var/lib/slotwatch/simulator
COPY --from=builder /opt/slotwatch /opt/slotwatch
# PYTHONSAFEPATH: `python -m` must not import from the directory it happens to run in.
ENV PATH=/opt/slotwatch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1
WORKDIR /var/lib/slotwatch
USER 10001:10001
# No HEALTHCHECK: what healthy means differs from process to process, so docker-compose.yml says it for each.
ENTRYPOINT ["python", "-m"]
CMD ["booking_core", "--help"]
