"""Temporary media and QR codes with a scene."""

import base64
import binascii
import struct
import zlib
from typing import Any

from citizen_bot.sandbox.api.core import Answer, Endpoint, Refusal, Request, Upload, record
from citizen_bot.sandbox.state import MEDIA_KEPT, FakeState, Media

DAYS_3 = 3 * 86400
LIMITS = {"image": 2 * 2**20, "voice": 2 * 2**20, "video": 10 * 2**20, "thumb": 64 * 2**10, "file": 20 * 2**20}
ENDINGS = {
    "image": (".png", ".jpg", ".jpeg", ".gif"),
    "voice": (".amr", ".mp3"),
    "video": (".mp4",),
    "thumb": (".jpg", ".jpeg"),
    "file": ("",),
}
TYPES = {".png": "image/png", ".gif": "image/gif", ".amr": "voice/amr", ".mp3": "voice/mp3"}


def _square() -> bytes:
    """A small grey PNG: what a picture looks like here."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))

    side = 64
    rows = b"".join(b"\0" + bytes([200 if (x // 8 + y // 8) % 2 else 120 for x in range(side)]) for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = _square()


def keep(state: FakeState, kind: str, upload: Upload, at: float) -> str:
    """Stores a file for three days and returns its media id. Raises Refusal for a wrong type or size."""
    if kind not in LIMITS:
        raise Refusal(40004)
    if not upload.filename.lower().endswith(ENDINGS[kind]):
        raise Refusal(40004)
    if not 5 <= len(upload.content) <= LIMITS[kind]:
        raise Refusal(45001)
    media_id = f"fakeMedia{state.next_number():055d}"
    data = base64.b64encode(upload.content).decode()
    state.media[media_id] = Media(type=kind, filename=upload.filename, data=data, expires=at + DAYS_3)
    for oldest in list(state.media)[:-MEDIA_KEPT]:
        del state.media[oldest]
    return media_id


def _upload(state: FakeState, request: Request) -> dict[str, Any]:
    upload = request.files.get("media")
    kind = request.query.get("type", "")
    if upload is None or kind == "file":
        raise Refusal(40004)
    media_id = keep(state, kind, upload, request.at)
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: media_id, "created_at": int(request.at)}


def _get(state: FakeState, request: Request) -> Answer | dict[str, Any]:
    media = state.media.get(request.query.get("media_id", ""))
    if media is None or media["expires"] <= request.at:
        raise Refusal(40007)
    if media["type"] == "video":
        return {"video_url": f"{request.root}/video/{request.query['media_id']}"}
    ending = media["filename"][media["filename"].rfind(".") :].lower()
    return Answer(
        body=base64.b64decode(media["data"]),
        headers={
            "Content-Type": TYPES.get(ending, "image/jpeg"),
            "Content-Disposition": f'attachment; filename="{request.query["media_id"]}{ending}"',
        },
    )


def _scene(request: Request) -> tuple[str, str]:
    """The kind and the scene of a QR code as text. Raises Refusal where they do not fit together."""
    kind = request.text("action_name")
    scene = record(record(request.json, "action_info"), "scene")
    if kind in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE"):
        value = scene.get("scene_str")
        if not isinstance(value, str) or not 1 <= len(value) <= 64:
            raise Refusal(40053 if value else 40035, "invalid action info")
        return kind, value
    number = scene.get("scene_id")
    most = {"QR_SCENE": 2**32 - 1, "QR_LIMIT_SCENE": 100_000}.get(kind)
    if most is None or not isinstance(number, int) or not 1 <= number <= most:
        raise Refusal(40052 if most is None else 40053, "invalid action name or info")
    return kind, str(number)


def _create_qrcode(state: FakeState, request: Request) -> dict[str, Any]:
    kind, scene = _scene(request)
    seconds = request.json.get("expire_seconds", 60)
    if not isinstance(seconds, int) or not 1 <= seconds <= 2_592_000:
        raise Refusal(40035, "invalid expire_seconds")
    ticket = f"gQFakeTicket{state.next_number()}=="
    lasting = kind.startswith("QR_LIMIT")
    state.qrcodes[ticket] = {"scene": scene, "expires": None if lasting else request.at + seconds}
    answer: dict[str, Any] = {"ticket": ticket, "url": f"http://weixin.qq.com/q/{ticket.rstrip('=')}"}
    return answer if lasting else {**answer, "expire_seconds": seconds}


def _show_qrcode(state: FakeState, request: Request) -> Answer:
    code = state.qrcodes.get(request.query.get("ticket", ""))
    if code is None or (code["expires"] is not None and code["expires"] <= request.at):
        return Answer(status=404)
    return Answer(body=PICTURE, headers={"Content-Type": "image/png"})


ENDPOINTS = {
    "/cgi-bin/media/upload": Endpoint("POST", _upload, takes="file"),
    "/cgi-bin/media/get": Endpoint("GET", _get),
    "/cgi-bin/qrcode/create": Endpoint("POST", _create_qrcode),
    "/cgi-bin/showqrcode": Endpoint("GET", _show_qrcode, guard="none"),
}
