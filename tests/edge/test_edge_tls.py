"""TLS with a certificate that the machine made itself."""

import json
import ssl
import stat
import subprocess
import warnings

import httpx
import pytest

from tests.edge.conftest import Edge, need, own_address

MAX_BODY = 64 * 1024


def context_of(edge: Edge) -> ssl.SSLContext:
    """Believes the edge's own certificate and nothing else."""
    return ssl.create_default_context(cafile=str(edge.var / "run" / "nginx" / "localhost.pem"))


def https(edge: Edge, context: ssl.SSLContext) -> httpx.Client:
    transport = httpx.HTTPTransport(verify=context, local_address=own_address())
    return httpx.Client(base_url=f"https://localhost:{edge.tls_port}", transport=transport, trust_env=False)


def test_the_certificate_is_for_localhost_and_browsers_are_told_to_stay(tls_edge: Edge) -> None:
    with https(tls_edge, context_of(tls_edge)) as client:
        passed, refused = client.get("/chat/v1/session?over-tls"), client.get("/metrics")
    assert (passed.status_code, refused.status_code) == (200, 404)
    for response in (passed, refused):
        assert response.headers.get_list("Strict-Transport-Security") == ["max-age=31536000"]
    assert tls_edge.upstream.heard("over-tls")[0].all("X-Forwarded-Proto") == ["https"]


@pytest.mark.parametrize("path", ["/", "/chat/v1/session?a=b", "/widget/demo/", "/metrics"])
def test_plain_http_redirects(tls_edge: Edge, path: str) -> None:
    with tls_edge.client() as client:
        response = client.get(path, headers={"Host": "chat.example.com"})
    assert response.status_code == 308
    assert response.headers["Location"] == f"https://chat.example.com:{tls_edge.tls_port}{path}"
    assert "Strict-Transport-Security" not in response.headers


def test_probes_are_answered_over_plain_http(tls_edge: Edge) -> None:
    with tls_edge.client() as client:
        assert client.get("/edge/health").status_code == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(tls_edge: Edge, version: ssl.TLSVersion) -> None:
    context = context_of(tls_edge)
    context.minimum_version = context.maximum_version = version
    with https(tls_edge, context) as client:
        assert client.get("/chat/v1/session").status_code == 200


def test_older_tls_is_not_spoken(tls_edge: Edge) -> None:
    context = context_of(tls_edge)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with https(tls_edge, context) as client, pytest.raises(httpx.ConnectError):
            client.get("/chat/v1/session")


def over_http_2(edge: Edge, target: str, *options: str) -> tuple[int, str]:
    """Status and code; httpx speaks HTTP/2 only with an extra that nothing else needs."""
    curl = need("curl")
    certificate = edge.var / "run" / "nginx" / "localhost.pem"
    done = subprocess.run(
        [curl, "--silent", "--http2", "--path-as-is", "--cacert", str(certificate), "--interface", own_address(),
         "--write-out", "\n%{http_version} %{http_code}", *options, f"https://localhost:{edge.tls_port}{target}"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    body, _, told = done.stdout.rpartition("\n")
    version, status = told.split()
    assert version == "2"
    return int(status), json.loads(body)["code"]


@pytest.mark.parametrize(
    ("target", "options", "status", "code"),
    [
        ("/chat/v1/session", (), 200, "of_the_gateway"),
        ("/chat/../metrics", (), 404, "not_found"),
        ("/chat/%2e%2e/metrics", (), 404, "not_found"),
        ("/chat/v1/session", ("-X", "PATCH"), 405, "bad_method"),
        ("/chat/v1/messages", ("-d", "x" * (MAX_BODY + 1)), 413, "too_large"),
    ],
    ids=["passed", "dots", "written in percents", "method", "size"],
)
def test_http_2_is_judged_as_http_1_is(
    tls_edge: Edge, target: str, options: tuple[str, ...], status: int, code: str
) -> None:
    assert over_http_2(tls_edge, target, *options) == (status, code)


def test_plain_http_on_the_tls_port_is_told_so(tls_edge: Edge) -> None:
    response = httpx.get(f"http://127.0.0.1:{tls_edge.tls_port}/chat/v1/session", trust_env=False)
    assert (response.status_code, response.json()["message"]) == (400, "This port speaks HTTPS only.")


def test_only_its_owner_reads_the_key(tls_edge: Edge) -> None:
    key = tls_edge.var / "run" / "nginx" / "localhost.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
