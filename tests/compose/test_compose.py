"""docker-compose.yml starts what the code has: every command, port, mount, address and variable.

Each check is tried on a broken copy, too: a check that cannot fail would hold nothing.
"""

from __future__ import annotations

import pytest

from alerts.alertmanager import alertmanager_flags
from alerts.prometheus import prometheus_flags
from booking_core.settings import Settings
from sla import objectives
from sla.topology import COMPOSE, DEFAULT_PORTS, Process
from stack.processes import DEMO
from tests.compose import addresses, hardening, processes
from tests.compose.addresses import LOOPBACK, Address
from tests.compose.chain import Chain

# The rest of architecture.md part 3: what listens on no port of sla/topology.py, or ends.
WITHOUT_A_PORT_OF_OURS = {"postgres", "redis", "worker", "migrate", "seed"}
# The promise of 1.5 GB, in the unit of mem_limit.
MEGABYTES = 1536


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain.read()


def setting_problems(chain: Chain) -> list[str]:
    return [problem for service in chain for problem in processes.setting_problems(service)]


def command_problems(chain: Chain) -> list[str]:
    return [problem for service in chain.ours() for problem in processes.command_problems(service)]


def test_every_process_of_the_architecture_is_a_service_and_nothing_else_is(chain):
    assert {service.name for service in chain} == {*Process, *WITHOUT_A_PORT_OF_OURS}


def test_every_process_listens_where_the_others_look_for_it_and_is_published_on_loopback(chain):
    expected = {Address(COMPOSE.host(process), COMPOSE.port(process)) for process in Process}
    published = {port.outside: service.name for service in chain for port in service.ports if port.address == LOOPBACK}

    assert expected <= addresses.ports(chain)
    assert {port: process.value for process, port in DEFAULT_PORTS.items()}.items() <= published.items()


@pytest.mark.parametrize(
    "problems",
    [
        setting_problems,
        command_problems,
        addresses.dead_addresses,
        addresses.unreachable_ports,
        addresses.unchecked_health,
        hardening.unpinned_images,
        hardening.privileges,
        hardening.unbounded,
        hardening.impossible_orders,
        hardening.absent_files,
        hardening.homeless_directories,
    ],
)
def test_nothing_is_wrong_with(problems, chain):
    assert problems(chain) == []


@pytest.mark.parametrize(
    ("service", "variable", "value", "said"),
    [
        ("core", "BOOKING_DATABSE_URL", "postgresql://x", "did you mean BOOKING_DATABASE_URL"),
        ("exporter", "EXPORTER_REDIS", "redis://redis:6379", "did you mean EXPORTER_REDIS_URL"),
        ("probe", "LOADTEST_TENNANT", "demo", "did you mean LOADTEST_TENANT"),
        ("simulator", "SIMULATOR_KEY", "cal_demo", "did you mean SIMULATOR_API_KEY"),
        ("oncall", "ONCALL_STATE_DIR", "/tmp", "did you mean ONCALL_STATE_DIRECTORY"),
        ("core", "BOOKING_WORKERS", "many", "core: workers: Input should be a valid integer"),
        ("probe", "LOADTEST_TARGET_URL", "core", "probe: target_url: Input should be a valid URL"),
        ("exporter", "BOOKING_REDIS_URL", "redis://redis:6379", "BOOKING_REDIS_URL belongs to another process"),
        ("mail", "MAIL_PORT", "8025", "MAIL_PORT is read by nobody there"),
    ],
)
def test_a_variable_that_the_process_would_not_read_is_found(chain, service, variable, value, said):
    (problem,) = setting_problems(chain.changed(service, environment={variable: value}))

    assert said in problem


@pytest.mark.parametrize(
    ("service", "command", "said"),
    [
        ("core", ["booking_core", "serv"], "knows no `serv`"),
        ("core", ["booking_core"], "needs one of"),
        ("core", ["booking"], "finds nothing to run"),
        ("probe", ["loadtests"], "finds nothing to run"),
        ("probe", ["loadtests.deamon.main"], "finds nothing to run"),
        ("exporter", ["exporter", "serve"], "knows no `serve`"),
        ("oncall", None, "has no command"),
        ("oncall", ["loadtests.mail_sink"], "add it there"),
    ],
)
def test_a_command_that_does_not_exist_is_found(chain, service, command, said):
    (problem,) = command_problems(chain.changed(service, command=command))

    assert said in problem


@pytest.mark.parametrize(
    ("service", "parts", "said"),
    [
        ("worker", {"environment": {"BOOKING_CALCOM_URL": "http://simulator:8091/v2"}}, "worker: BOOKING_CALCOM_URL"),
        ("worker", {"environment": {"BOOKING_REDIS_URL": "redis://cache:6379/0"}}, "cache:6379, where nobody listens"),
        ("seed", {"environment": {"BOOKING_SMTP_PORT": "1025"}}, "mail:1025, where nobody listens"),
        ("simulator", {"environment": {"SIMULATOR_PORT": "8080"}}, "simulator:8090, where nobody listens"),
        ("oncall", {"environment": {"ONCALL_HOST": "127.0.0.1"}}, "alertmanager.yml: oncall-pager says oncall:9466"),
        ("exporter", {"environment": {"EXPORTER_PORT": "9090"}}, "prometheus.yml: booking says exporter:9464"),
        ("prometheus", {"command": ["--web.listen-address=:9091"]}, "prometheus.yaml says prometheus:9090"),
        ("mail", {"environment": {"MP_SMTP_BIND_ADDR": "0.0.0.0:1025"}}, "mail:8025, where nobody listens"),
    ],
)
def test_an_address_at_which_nobody_listens_is_found(chain, service, parts, said):
    problems = addresses.dead_addresses(chain.changed(service, **parts))

    assert any(said in problem for problem in problems)


@pytest.mark.parametrize(
    ("service", "parts", "said"),
    [
        ("core", {"ports": ["127.0.0.1:8000:8001"]}, "core: port 8001 is published, but nobody listens on it"),
        ("core", {"ports": ["127.0.0.1:80:8000"]}, "core: port 8000 is 80 outside"),
        ("core", {"ports": ["0.0.0.0:8000:8000"]}, "core: port 8000 is offered to other machines"),
        ("core", {"ports": ["8000:8000"]}, "core: port 8000 is offered to other machines"),
        ("probe", {"environment": {"LOADTEST_HOST": "127.0.0.1"}}, "listens on 127.0.0.1:9465, where no other"),
        ("prometheus", {"ports": []}, "prometheus: tells people to open port 9090, which it does not offer"),
    ],
)
def test_a_port_that_cannot_be_used_is_found(chain, service, parts, said):
    assert any(said in problem for problem in addresses.unreachable_ports(chain.changed(service, **parts)))


@pytest.mark.parametrize(
    ("service", "parts", "said"),
    [
        ("worker", {"healthcheck": None}, "worker: has no health check"),
        ("worker", {"healthcheck": {"test": ["NONE"]}}, "worker: has no health check"),
        (
            "grafana",
            {"healthcheck": {"test": ["CMD", "wget", "http://127.0.0.1:3001/api/health"]}},
            "grafana: its health check asks port 3001",
        ),
        ("core", {"environment": {"BOOKING_PORT": "8001"}}, "core: its health check asks port 8000"),
    ],
)
def test_a_health_check_that_says_nothing_is_found(chain, service, parts, said):
    (problem,) = addresses.unchecked_health(chain.changed(service, **parts))

    assert said in problem


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("redis", False),
        ("redis:latest", False),
        ("redis:7", False),
        ("redis:7.2-bookworm", False),
        ("postgres:15-bookworm", False),
        ("prom/prometheus:main", False),
        ("postgres:15.19-bookworm", True),
        ("prom/prometheus:v3.13.3", True),
    ],
)
def test_only_a_full_version_is_a_pin(chain, image, pinned):
    assert (hardening.unpinned_images(chain.changed("redis", image=image)) == []) is pinned


@pytest.mark.parametrize(
    ("service", "parts", "said"),
    [
        ("redis", {"user": None}, "redis: runs as root"),
        ("mail", {"user": "0:0"}, "mail: runs as root"),
        ("core", {"read_only": None}, "core: can write to its own image"),
        ("core", {"cap_drop": None}, "core: keeps capabilities"),
        ("core", {"security_opt": []}, "core: may gain privileges"),
        ("core", {"pid": "host"}, "core: shares a process namespace"),
    ],
)
def test_a_privilege_too_many_is_found(chain, service, parts, said):
    assert hardening.privileges(chain.changed(service, **parts)) == [said]


@pytest.mark.parametrize(
    ("part", "said"),
    [("mem_limit", "has no mem_limit"), ("logging", "its log has no limit"), ("restart", "says neither restart")],
)
def test_a_missing_bound_is_found(chain, part, said):
    (problem,) = hardening.unbounded(chain.changed("core", **{part: None}))

    assert said in problem


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"cache": {"condition": "service_healthy"}}, "waits for cache, which does not exist"),
        ({"core": {"condition": "service_completed_successfully"}}, "waits for the end of core"),
        ({"migrate": {"condition": "service_healthy"}}, "waits for the health of migrate"),
        ({"core": {"condition": "service_started"}}, "which says nothing"),
    ],
)
def test_waiting_for_what_cannot_happen_is_found(chain, needs, said):
    (problem,) = hardening.impossible_orders(chain.changed("probe", depends_on=needs))

    assert said in problem


@pytest.mark.parametrize(
    ("service", "parts", "said"),
    [
        ("prometheus", {"volumes": ["./alerts/rules:/etc/x:ro", "prometheus:/p"]}, "./alerts/rules does not exist"),
        (
            "prometheus",
            {"volumes": ["./alerts/generated/compose:/etc/slotwatch/compose:ro", "prometheus:/prometheus"]},
            "/etc/slotwatch/rules/*.yaml is not there",
        ),
        ("alertmanager", {"command": ["--config.file=/etc/alertmanager.yml"]}, "/etc/alertmanager.yml is not there"),
        ("oncall", {"volumes": ["on-call:/var/lib/slotwatch/oncall"]}, "on-call is not a volume of the file"),
        ("oncall", {"volumes": []}, "volume oncall is used by nobody"),
        ("grafana", {"volumes": ["./dashboards/generated:/x"]}, "can change ./dashboards/generated"),
        ("grafana", {"volumes": []}, "/etc/grafana/provisioning/datasources/*.yaml is not there"),
        (
            "grafana",
            {"environment": {"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "/var/lib/grafana/dashboards/home.json"}},
            "/var/lib/grafana/dashboards/home.json is not there",
        ),
    ],
)
def test_a_file_that_is_not_there_is_found(chain, service, parts, said):
    assert any(said in problem for problem in hardening.absent_files(chain.changed(service, **parts)))


@pytest.mark.parametrize(
    ("service", "volumes", "said"),
    [
        ("core", [], "BOOKING_METRICS_DIRECTORY is /var/lib/slotwatch/metrics, where no volume is mounted"),
        ("core", ["metrics:/var/lib/slotwatch/metrics:ro"], "where it may not write"),
    ],
)
def test_a_directory_that_cannot_be_written_is_found(chain, service, volumes, said):
    (problem,) = hardening.homeless_directories(chain.changed(service, volumes=volumes))

    assert said in problem


def test_the_exporter_reads_the_files_that_core_and_worker_write(chain):
    written = {
        (mount.source, mount.target, chain[name].environment["BOOKING_METRICS_DIRECTORY"])
        for name in ("core", "worker")
        for mount in chain[name].mounts
    }
    (mount,) = chain["exporter"].mounts

    assert written == {(mount.source, mount.target, chain["exporter"].environment["EXPORTER_METRICS_DIRECTORY"])}
    assert chain.volumes[mount.source]["driver_opts"]["type"] == "tmpfs"


def test_prometheus_and_alertmanager_get_the_flags_that_follow_from_the_promise(chain):
    promise = objectives.load()

    assert set(prometheus_flags(promise)) <= set(chain["prometheus"].command)
    assert set(alertmanager_flags(promise)) <= set(chain["alertmanager"].command)


def test_everybody_uses_the_demo_secrets_of_the_native_start(chain):
    core = processes.settings_of(chain["seed"])
    probe = processes.settings_of(chain["probe"])
    secrets = DEMO.api_key, DEMO.retell_api_key

    assert (core.seed_tenant, probe.tenant) == (DEMO.tenant, DEMO.tenant)
    assert (core.seed_api_key.get_secret_value(), core.seed_retell_api_key.get_secret_value()) == secrets
    assert (probe.api_key.get_secret_value(), probe.retell_api_key.get_secret_value()) == secrets
    assert core.seed_calcom_api_key.get_secret_value() == DEMO.calcom_api_key
    assert chain["simulator"].environment["SIMULATOR_API_KEY"] == DEMO.calcom_api_key


def test_the_simulator_tells_the_core_of_bookings_with_the_secret_that_the_core_expects(chain):
    simulator, secret = chain["simulator"].environment, DEMO.calcom_webhook_secret

    assert simulator["SIMULATOR_WEBHOOK_URL"] == f"{COMPOSE.url(Process.CORE)}/v1/webhooks/calcom/{DEMO.tenant}"
    assert simulator["SIMULATOR_WEBHOOK_SECRET"] == secret
    assert processes.settings_of(chain["core"]).seed_calcom_webhook_secret.get_secret_value() == secret


def test_a_stopping_core_or_worker_is_given_the_time_it_takes_to_drain(chain):
    drain_seconds = Settings.model_fields["drain_seconds"].default

    for name in ("core", "worker"):
        assert int(chain[name].parts["stop_grace_period"].removesuffix("s")) > drain_seconds


def test_the_chain_without_grafana_stays_within_the_memory_that_is_promised(chain):
    assert sum(service.megabytes for service in chain.lasting() if service.name != Process.GRAFANA) <= MEGABYTES
