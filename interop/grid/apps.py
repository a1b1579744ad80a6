"""The app behind gunicorn (WSGI) and the one behind uvicorn (ASGI): each notes
the request as its server made it out, reads the body and says `ok`."""

from note import note

HEAD = [("content-type", "text/plain"), ("content-length", "2")]


def wsgi(environ, start_response):
    note(environ["REQUEST_METHOD"], environ["RAW_URI"])
    while environ["wsgi.input"].read(65536):
        pass
    start_response("200 OK", HEAD)
    return [b"ok"]


async def asgi(scope, receive, send):
    assert scope["type"] == "http", scope["type"]
    note(scope["method"], scope["raw_path"].decode("latin-1"))
    while (event := await receive()).get("more_body"):
        pass
    if event["type"] == "http.disconnect":
        return
    head = [(name.encode(), value.encode()) for name, value in HEAD]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"ok"})
