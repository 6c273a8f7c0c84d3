"""The gateway is gone, or says no itself."""

import socket
import threading

import httpx
import pytest

from contracts.wire import Problem
from tests.edge.conftest import Edge, StartEdge, free_port


@pytest.mark.parametrize("path", ["/chat/v1/messages", "/chat/v1/events", "/widget/frontdesk-chat.js", "/slack/events"])
def test_without_a_gateway_there_is_a_sentence(lone_edge: Edge, path: str) -> None:
    with lone_edge.client() as client:
        response = client.get(path, headers={"Origin": "https://shop.example"})
    assert (response.status_code, response.headers["Retry-After"]) == (502, "5")
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    problem = Problem.model_validate(response.json())
    assert problem.code == "neighbour_down" and problem.message.endswith(".")


@pytest.fixture(scope="module")
def lone_edge(start_edge: StartEdge) -> Edge:
    return start_edge(GATEWAY_PORT=str(free_port()))


def test_the_edge_itself_is_well_without_a_gateway(lone_edge: Edge) -> None:
    with lone_edge.client() as client:
        assert client.get("/edge/health").json() == {"status": "ready"}


def test_a_gateway_that_comes_back_is_asked_at_once(start_edge: StartEdge) -> None:
    port = free_port()
    edge = start_edge(GATEWAY_PORT=str(port))
    with edge.client() as client:
        assert client.get("/chat/v1/session").status_code == 502
        with socket.create_server(("127.0.0.1", port)) as gateway:
            gateway.settimeout(5)
            request = client.build_request("GET", "/chat/v1/session", headers={"Connection": "close"})
            assert send_and_answer(client, request, gateway).json() == {"back": True}


def send_and_answer(client: httpx.Client, request: httpx.Request, gateway: socket.socket) -> httpx.Response:
    def answer() -> None:
        connection, _ = gateway.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(
                b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"back":true}'
            )

    thread = threading.Thread(target=answer)
    thread.start()
    response = client.send(request)
    thread.join()
    return response


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503, 504])
def test_what_the_gateway_refuses_passes_as_it_is(visitor: httpx.Client, status: int) -> None:
    response = visitor.get(f"/chat/v1/session?status={status}")
    assert (response.status_code, response.json()["code"]) == (status, "of_the_gateway")
    assert response.headers.get_list("Retry-After") == (["7"] if status == 429 else [])
