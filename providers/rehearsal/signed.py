"""What Facebook signs with an app's secret: proofs of access tokens, and its own callbacks."""

import base64
import hashlib
import hmac
import json


def app_secret_proof(app_secret: str, access_token: str) -> str:
    """The proof, in hex, that the caller of the Graph API knows the app's secret."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def signed_request(app_secret: str, user_id: str, issued_at: int) -> str:
    """The form field of Facebook's deauthorize and deletion callbacks.

    ``user_id`` is the app-scoped id, ``issued_at`` in seconds since 1970.
    """
    payload = {"algorithm": "HMAC-SHA256", "issued_at": issued_at, "user_id": user_id}
    encoded = _base64url(json.dumps(payload, separators=(",", ":")).encode())
    signature = hmac.new(app_secret.encode(), encoded.encode(), hashlib.sha256).digest()
    return f"{_base64url(signature)}.{encoded}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
