"""Signs requests as Standard Webhooks (https://www.standardwebhooks.com) has it, for their receiver to verify."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

_PREFIX = "whsec_"


def headers(secret: str, identity: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the three headers: id, Unix seconds, and HMAC-SHA256 over `id.timestamp.body`.

    A secret that begins with `whsec_` is base64 behind that, any other is taken as it is.
    """
    signed = b".".join([identity.encode(), str(timestamp).encode(), body])
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a signing secret that begins with {_PREFIX} is base64 behind that") from None
