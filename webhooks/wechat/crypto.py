"""Signatures and the encrypted frame of WeChat's callbacks, and the one exception of this door.

Rules: developers.weixin.qq.com, "消息加解密说明". Stricter than Tencent's samples on purpose: see docs/adr/0004.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

PREFIX_BYTES = 16
LENGTH_BYTES = 4
AES_BLOCK_BYTES = 16
PADDING_BLOCK_BITS = 256

STATUS = {
    "bad_signature": 403,
    "stale_timestamp": 403,
    "plaintext_in_safe_mode": 403,
    "bad_appid": 403,
    "bad_base64": 400,
    "bad_block_length": 400,
    "bad_padding": 400,
    "bad_length": 400,
    "bad_utf8": 400,
    "dtd_forbidden": 400,
    "bad_xml": 400,
    "duplicate_field": 400,
    "missing_field": 400,
    "bad_field": 400,
    "too_large": 413,
}


class CallbackError(Exception):
    """A callback is refused. `code` is a key of STATUS and goes to the log; `status` is all that the caller learns."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.status = STATUS[code]


class WeChatCrypto:
    """What is shared with WeChat about one account: its token, its AES key (43 characters) and its AppID."""

    def __init__(self, token: str, encoding_aes_key: str, app_id: str) -> None:
        """Raises ValueError unless `encoding_aes_key` stands for 32 bytes."""
        self._token = token
        # The 43rd character has two bits too many; in WeChat's random keys they are seldom zero.
        self._key = base64.b64decode(encoding_aes_key + "=")
        if len(self._key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters")
        self._app_id = app_id.encode()

    def signature(self, *values: str) -> str:
        """Of (timestamp, nonce) for an address, of (timestamp, nonce, Encrypt) for an encrypted message."""
        # UTF-8 keeps the order of code points, so this sorts by byte value. SHA-1 is WeChat's choice.
        joined = "".join(sorted((self._token, *values)))
        return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324

    def check(self, signature: str, *values: str) -> None:
        """Raises CallbackError (bad_signature) unless `signature` is that of `values`."""
        # As bytes: compare_digest refuses strings beyond ASCII, and `signature` can be anything.
        if not hmac.compare_digest(self.signature(*values).encode(), signature.encode()):
            raise CallbackError("bad_signature")

    def encrypt(self, text: str, prefix: bytes | None = None) -> str:
        """The `Encrypt` of `text`. `prefix`: 16 bytes that nobody without the key can foretell, random by default."""
        message = text.encode()
        frame = (prefix or secrets.token_bytes(PREFIX_BYTES)) + struct.pack(">I", len(message)) + message + self._app_id
        padder = PKCS7(PADDING_BLOCK_BITS).padder()
        padded = padder.update(frame) + padder.finalize()
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        """The message inside an `Encrypt` whose signature was checked before. Raises CallbackError."""
        message, app_id = _split_frame(self._frame(encrypted))
        if not hmac.compare_digest(app_id, self._app_id):
            raise CallbackError("bad_appid")
        try:
            return message.decode()
        except UnicodeDecodeError:
            raise CallbackError("bad_utf8") from None

    def digest(self, text: str) -> bytes:
        """32 bytes that only the holder of the key can compute, always the same for the same text."""
        return hmac.digest(self._key, b"citizen-bot reply\0" + text.encode(), "sha256")

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:AES_BLOCK_BYTES]))

    def _frame(self, encrypted: str) -> bytes:
        try:
            ciphertext = binascii.a2b_base64(encrypted, strict_mode=True)
        except ValueError:
            raise CallbackError("bad_base64") from None
        if not ciphertext:
            raise CallbackError("bad_base64")
        if len(ciphertext) % AES_BLOCK_BYTES or len(ciphertext) < 2 * AES_BLOCK_BYTES:
            raise CallbackError("bad_block_length")
        decryptor = self._cipher().decryptor()
        unpadder = PKCS7(PADDING_BLOCK_BITS).unpadder()
        try:
            return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
        except ValueError:
            raise CallbackError("bad_padding") from None


def _split_frame(frame: bytes) -> tuple[bytes, bytes]:
    """Message and AppID of: 16 random bytes, the message's length in bytes, the message, the AppID."""
    start = PREFIX_BYTES + LENGTH_BYTES
    if len(frame) < start:
        raise CallbackError("bad_length")
    (length,) = struct.unpack(">I", frame[PREFIX_BYTES:start])
    if length > len(frame) - start:
        raise CallbackError("bad_length")
    return frame[start : start + length], frame[start + length :]
