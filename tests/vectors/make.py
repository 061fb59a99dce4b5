"""Writes tokens.json: good and bad session tokens, for verifiers in any language.

    python tests/vectors/make.py [FILE]

Everything is fixed (keys, time, issuer, site, even the signatures, by RFC 6979), so two runs
write the same bytes. A verifier under test gets `jwks`, the clock `now`, `issuer`, `site` and
60 s of leeway, and must answer each vector's `outcome`: "accepted" with these `commenter`
fields, or "refused". `reason` says why, in the words of gateway/verify.py; of several faults it
is the first in the order length, form, header, type, algorithm, key, signature, form of the
claims, issuer, audience, claims, lifetime, expired, not_yet.
The keys in test_keys.json are published here and protect nothing.
"""

import hashlib
import hmac
import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from joserfc.jwk import ECKey, RSAKey

HERE = Path(__file__).parent
NOW = 1_800_000_000
ISSUER = "https://id.example.org"
SITE = "blog"
KEYS: dict[str, dict[str, str]] = json.loads((HERE / "test_keys.json").read_text())

Vector = dict[str, Any]

HEADER: dict[str, Any] = {"alg": "ES256", "typ": "at+jwt", "kid": "signing"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": SITE,
    "client_id": SITE,
    "sub": "c3ViamVjdC1vZi1hZGE0Mg",
    "iat": NOW - 600,
    "exp": NOW + 3000,
    "jti": "dG9rZW4tbnVtYmVyLW9uZQ",
    "sid": "c2Vzc2lvbi1vbmUtYXQtYg",
    "auth_time": NOW - 900,
    "scope": "profile",
    "idp": "twitter",
    "name": "Ada Lovelace",
    "preferred_username": "ada",
    "profile": "https://x.com/ada",
    "picture": f"{ISSUER}/avatar/cGljdHVyZQ",
}


def b64(data: bytes) -> str:
    """Encode as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value: object) -> bytes:
    """Encode as JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def es256(text: bytes, key: str = "signing") -> bytes:
    """Sign as RFC 7518 3.4 says, with the nonce of RFC 6979."""
    private = ECKey.import_key(dict(KEYS[key])).private_key
    assert private is not None
    scheme = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(private.sign(text, scheme))
    size = (private.key_size + 7) // 8
    return r.to_bytes(size) + s.to_bytes(size)


def rs256(text: bytes) -> bytes:
    """Sign with the RSA key, as ID tokens are."""
    private = RSAKey.import_key(dict(KEYS["rsa"])).private_key
    assert private is not None
    return private.sign(text, padding.PKCS1v15(), hashes.SHA256())


def public_pem() -> bytes:
    """Give the signing key's public half as the text that a careless verifier calls a secret."""
    return ECKey.import_key(dict(KEYS["signing"])).public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def unsigned(header: bytes, payload: bytes) -> str:
    """Join the two parts that a signature covers."""
    return f"{b64(header)}.{b64(payload)}"


def token(header: dict[str, Any], claims: dict[str, Any], key: str = "signing") -> str:
    """Make a token; a header or claim of None is left out."""
    return signed(compact(_without_none(header)), compact(_without_none(claims)), key)


def signed(header: bytes, payload: bytes, key: str = "signing") -> str:
    """Make a token of these exact bytes."""
    text = unsigned(header, payload)
    return f"{text}.{b64(es256(text.encode(), key))}"


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def good(name: str, about: str, /, **claims: Any) -> Vector:
    """Make a vector that must be accepted."""
    merged = _without_none(CLAIMS | claims)
    commenter = {
        "subject": merged["sub"],
        "name": merged["name"],
        "provider": merged["idp"],
        "username": merged.get("preferred_username"),
        "profile": merged.get("profile"),
        "picture": merged.get("picture"),
        "session": merged["sid"],
        "token_id": merged["jti"],
        "issued_at": merged["iat"],
        "expires_at": merged["exp"],
        "authenticated_at": merged["auth_time"],
    }
    return {
        "id": name,
        "about": about,
        "token": token(HEADER, merged),
        "outcome": "accepted",
        "commenter": commenter,
    }


def bad(name: str, reason: str, about: str, text: str) -> Vector:
    """Make a vector that must be refused for this reason."""
    return {"id": name, "about": about, "token": text, "outcome": "refused", "reason": reason}


def bad_claims(name: str, reason: str, about: str, /, **claims: Any) -> Vector:
    """Make a well signed token that must be refused for its claims."""
    return bad(name, reason, about, token(HEADER, CLAIMS | claims))


def bad_header(name: str, reason: str, about: str, /, **header: Any) -> Vector:
    """Make a well signed token that must be refused for its header."""
    return bad(name, reason, about, token(HEADER | header, CLAIMS))


def accepted() -> list[Vector]:
    """Tokens that every verifier must take."""
    other_key = good("next_key", "signed by the other published key")
    other_key["token"] = token(HEADER | {"kid": "next"}, CLAIMS, "next")
    unknown = good("unknown_header", "RFC 7515 4: an unknown header that is not crit is ignored")
    unknown["token"] = token(HEADER | {"x-new": 1}, CLAIMS)
    return [
        good("plain", "an ordinary token"),
        good(
            "no_profile",
            "a site that sees neither profile link nor picture",
            preferred_username=None,
            profile=None,
            picture=None,
        ),
        good(
            "unicode", "names in any script", name="Ἀδα 愛達 آدا 👩🏽‍💻", preferred_username="ädá"
        ),
        good("unknown_claim", "claims may be added later", added={"later": [1]}),
        good("expired_59", "ended 59 s ago: within the skew", iat=NOW - 3600, exp=NOW - 59),
        good("future_59", "begins in 59 s: within the skew", iat=NOW + 59, exp=NOW + 3659),
        good("nbf_59", "not before in 59 s: within the skew", nbf=NOW + 59),
        good("longest", "one hour, the longest life", iat=NOW - 1, exp=NOW + 3599),
        other_key,
        unknown,
    ]


def wrong_times() -> list[Vector]:
    """Well signed tokens at the wrong time."""
    return [
        bad_claims(
            "expired_60", "expired", "60 s is already too late", iat=NOW - 3000, exp=NOW - 60
        ),
        bad_claims("expired_61", "expired", "ended 61 s ago", iat=NOW - 3000, exp=NOW - 61),
        bad_claims("expired_day", "expired", "yesterday's", iat=NOW - 90000, exp=NOW - 86400),
        bad_claims("future_61", "not_yet", "begins in 61 s", iat=NOW + 61, exp=NOW + 3000),
        bad_claims("nbf_61", "not_yet", "not before in 61 s", nbf=NOW + 61),
        bad_claims("lifetime_3601", "lifetime", "longer than an hour", iat=NOW - 1, exp=NOW + 3600),
        bad_claims("lifetime_years", "lifetime", "for ever", exp=NOW + 10**9),
        bad_claims("lifetime_none", "lifetime", "ends as it begins", iat=NOW, exp=NOW),
        bad_claims("lifetime_negative", "lifetime", "ends before it begins", iat=NOW, exp=NOW - 1),
        bad_claims("exp_text", "claims", "a time as text", exp=str(NOW + 3000)),
        bad_claims("exp_float", "claims", "half seconds are not issued", exp=NOW + 3000.5),
        bad_claims("exp_true", "claims", "true is not a time", exp=True),
        bad_claims("exp_list", "claims", "nor is a list", exp=[NOW + 3000]),
        bad(
            "exp_nan",
            "claims",
            "NaN, which is no JSON, passes every comparison",
            signed(compact(HEADER), compact(CLAIMS | {"exp": float("nan")})),
        ),
        bad_claims("nbf_text", "claims", "not before as text", nbf="soon"),
    ]


def wrong_claims() -> list[Vector]:
    """Well signed tokens for somebody else, or lacking something."""
    foreign = {"aud": "other", "client_id": "other"}
    listed = [SITE, "other"]
    mixed = [
        bad_claims("foreign_issuer", "issuer", "another gateway", iss="https://id.example.com"),
        bad_claims("issuer_slash", "issuer", "no issuer is nearly right", iss=f"{ISSUER}/"),
        bad_claims("issuer_case", "issuer", "compared exactly", iss="https://ID.example.org"),
        bad_claims("issuer_list", "issuer", "a list of issuers", iss=[ISSUER]),
        bad_claims("issuer_missing", "issuer", "no issuer", iss=None),
        bad_claims("foreign_audience", "audience", "another site's token", **foreign),
        bad_claims("foreign_client", "audience", "audience and client differ", client_id="other"),
        bad_claims("audience_prefix", "audience", "compared exactly", aud="blo", client_id="blo"),
        bad_claims("audience_list", "audience", "a list, even of one, is refused", aud=[SITE]),
        bad_claims("audience_two", "audience", "one of two audiences", aud=listed),
        bad_claims("audience_missing", "audience", "no audience", aud=None),
        bad_claims("client_missing", "audience", "no client_id", client_id=None),
        bad_claims("subject_empty", "claims", "nobody", sub=""),
        bad_claims("subject_number", "claims", "a number for a subject", sub=42),
        bad_claims("name_empty", "claims", "no name to show", name=""),
        bad_claims("profile_script", "claims", "a link that runs", profile="javascript:alert(1)"),
        bad_claims("picture_data", "claims", "not http(s)", picture="data:image/svg+xml,x"),
    ]
    needed = ("sub", "iat", "exp", "jti", "sid", "auth_time", "idp", "name")
    return mixed + [
        bad_claims(f"missing_{name}", "claims", f"no {name}", **{name: None}) for name in needed
    ]


def wrong_kinds() -> list[Vector]:
    """Other things that the same issuer signs."""
    id_token = {"typ": "JWT", "kid": "rsa", "alg": "RS256"}
    text = unsigned(compact(id_token), compact(CLAIMS | {"nonce": "n"}))
    return [
        bad_header("id_token", "type", "an ID token has the same iss and aud", typ="JWT"),
        bad("id_token_rs256", "type", "the usual ID token", f"{text}.{b64(rs256(text.encode()))}"),
        bad_header("logout_token", "type", "a logout token", typ="logout+jwt"),
        bad_header("no_type", "type", "no typ", typ=None),
        bad_header("type_long", "type", "only the short form is issued", typ="application/at+jwt"),
        bad_header("type_case", "type", "compared exactly", typ="AT+JWT"),
        bad_header("type_list", "type", "typ is a text", typ=["at+jwt"]),
    ]


def wrong_algorithms() -> list[Vector]:
    """The token's author chooses the algorithm or the key."""
    payload = compact(CLAIMS)
    plain = token(HEADER, CLAIMS)

    def claiming(alg: str, signature: bytes, **more: Any) -> str:
        return unsigned(compact(HEADER | {"alg": alg} | more), payload) + "." + b64(signature)

    def mac(secret: bytes) -> str:
        text = unsigned(compact(HEADER | {"alg": "HS256"}), payload)
        return f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"

    rsa_text = unsigned(compact(HEADER | {"alg": "RS256", "kid": "rsa"}), payload)
    swapped = compact(HEADER | {"alg": "ES384", "kid": "p384"})
    old_signature = urlsafe_b64decode(plain.rsplit(".", 1)[1] + "==")
    return [
        bad("alg_none", "algorithm", "alg none, no signature", claiming("none", b"")),
        bad("alg_none_case", "algorithm", "the same, spelt None", claiming("None", b"")),
        bad("alg_none_signed", "algorithm", "none over a real one", claiming("none", b"x" * 64)),
        bad("hs256_pem", "algorithm", "HMAC with the public key (PEM)", mac(public_pem())),
        bad("hs256_jwk", "algorithm", "HMAC with the public key (JWK)", mac(compact(jwks()))),
        bad_header("alg_missing", "algorithm", "no alg", alg=None),
        bad_header("alg_list", "algorithm", "alg is a text", alg=["ES256"]),
        bad_header("alg_case", "algorithm", "compared exactly", alg="es256"),
        bad_header("rs256_over_es256_key", "algorithm", "RS256 under an ES256 key", alg="RS256"),
        bad_header("es256_under_rs256_key", "algorithm", "ES256 under an RS256 key", kid="rsa"),
        bad_header("es256_under_p384_key", "algorithm", "ES256 under a P-384 key", kid="p384"),
        bad_header("encryption_key", "algorithm", "a key published for encryption", kid="enc"),
        bad("rs256", "algorithm", "well signed, but not ES256", _rsa(rsa_text)),
        bad("es384", "algorithm", "well signed with P-384", signed(swapped, payload, "p384")),
        bad("eddsa", "algorithm", "another algorithm's name", claiming("EdDSA", old_signature)),
    ]


def _rsa(text: str) -> str:
    return f"{text}.{b64(rs256(text.encode()))}"


def wrong_headers() -> list[Vector]:
    """The header brings a key, or a rule, of its own."""
    stranger = {name: KEYS["stranger"][name] for name in ("kty", "crv", "x", "y")}
    jwk = token(HEADER | {"jwk": stranger}, CLAIMS, "stranger")
    unencoded = compact(HEADER | {"b64": False, "crit": ["b64"]})
    return [
        bad("jwk", "header", "brings the key it is signed with", jwk),
        bad_header("jku", "header", "says where to fetch keys", jku="https://evil.example/k"),
        bad_header(
            "x5u", "header", "says where to fetch a certificate", x5u="https://evil.example"
        ),
        bad_header("x5c", "header", "brings a certificate", x5c=["AAAA"]),
        bad_header("crit_unknown", "header", "unknown critical header", crit=["exp2"], exp2=1),
        bad_header("crit_empty", "header", "RFC 7515 4.1.11 forbids an empty list", crit=[]),
        bad("unencoded", "header", "RFC 7797 payload", signed(unencoded, compact(CLAIMS))),
        bad_header("nested_jws", "header", "a token as content", cty="JWT"),
        bad_header("zip", "header", "compressed content", zip="DEF"),
        bad_header("kid_missing", "key", "no key named", kid=None),
        bad_header("kid_unknown", "key", "a key that is not published", kid="stranger"),
        bad_header("kid_path", "key", "a key id is a name, not a path", kid="../../dev/null"),
        bad_header("kid_sql", "key", "nor a query", kid="' OR '1'='1"),
        bad_header("kid_number", "key", "a number for a key id", kid=0),
        bad_header("kid_object", "key", "an object for a key id", kid={"kid": "signing"}),
    ]


def wrong_signatures() -> list[Vector]:
    """Changed after signing, or signed by somebody else."""
    head, payload, signature = token(HEADER, CLAIMS).split(".")
    raw = urlsafe_b64decode(signature + "==")
    flipped = b64(raw[:-1] + bytes([raw[-1] ^ 1]))
    other = b64(compact(CLAIMS | {"name": "Mallory"}))
    other_head = b64(compact(HEADER | {"added": 1}))
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    der = b64(encode_dss_signature(r, s))
    return [
        bad("tampered_name", "signature", "another name", f"{head}.{other}.{signature}"),
        bad(
            "tampered_header", "signature", "another header", f"{other_head}.{payload}.{signature}"
        ),
        bad("tampered_signature", "signature", "one bit", f"{head}.{payload}.{flipped}"),
        bad("empty_signature", "signature", "no signature", f"{head}.{payload}."),
        bad("short_signature", "signature", "63 bytes", f"{head}.{payload}.{b64(raw[:-1])}"),
        bad("long_signature", "signature", "65 bytes", f"{head}.{payload}.{b64(raw + b'0')}"),
        bad("zero_signature", "signature", "r = s = 0", f"{head}.{payload}.{b64(bytes(64))}"),
        bad("der_signature", "signature", "DER, not R and S", f"{head}.{payload}.{der}"),
        bad("padded_signature", "signature", "padding", f"{head}.{payload}.{signature}=="),
        bad("stranger", "signature", "a stranger's signature", token(HEADER, CLAIMS, "stranger")),
        bad("other_key", "signature", "the other key's signature", token(HEADER, CLAIMS, "next")),
    ]


def wrong_forms() -> list[Vector]:
    """Not a token at all, or one that is too long."""
    good_token = token(HEADER, CLAIMS)
    head, payload, signature = good_token.split(".")
    header, claims = compact(HEADER), compact(CLAIMS)
    inner = token(HEADER, CLAIMS).encode()
    jwe_header = b64(compact({"alg": "dir", "enc": "A256GCM", "cty": "JWT"}))
    jwe = f"{jwe_header}..{b64(bytes(12))}.{b64(inner)}.{b64(bytes(16))}"
    deep = b'{"a":' * 700 + b"1" + b"}" * 700
    deep_list = b"[" * 2900
    digits = claims.replace(str(NOW + 3000).encode(), b"9" * 4500)
    return [
        bad("nothing", "malformed", "an empty text", ""),
        bad("word", "malformed", "one word", "token"),
        bad("dots", "malformed", "two dots", ".."),
        bad("two_parts", "malformed", "two parts", f"{head}.{payload}"),
        bad("four_parts", "malformed", "four parts", f"{good_token}.{signature}"),
        bad("nested_jwe", "malformed", "encrypted, five parts", jwe),
        bad("blank_before", "malformed", "a blank before it", f" {good_token}"),
        bad("unicode_token", "malformed", "not ASCII", f"{head}.{payload}.é{signature[1:]}"),
        bad("padded_header", "malformed", "padding", f"{head}=.{payload}.{signature}"),
        bad("header_text", "malformed", "the header is no JSON", signed(b"alg", claims)),
        bad("header_list", "malformed", "the header is a list", signed(b'["alg"]', claims)),
        bad("header_string", "malformed", "the header is a text", signed(b'"alg"', claims)),
        bad("header_null", "malformed", "the header is null", signed(b"null", claims)),
        bad(
            "header_latin", "malformed", "the header is no UTF-8", signed(b'{"alg":"\xe9"}', claims)
        ),
        bad("header_deep", "malformed", "nested lists", signed(deep_list, claims)),
        bad("claims_text", "malformed", "the claims are no JSON", signed(header, b"name=ada")),
        bad("claims_list", "malformed", "the claims are a list", signed(header, b"[1]")),
        bad("claims_null", "malformed", "the claims are null", signed(header, b"null")),
        bad("claims_empty", "malformed", "no claims", signed(header, b"")),
        bad(
            "claims_latin", "malformed", "the claims are no UTF-8", signed(header, b'{"a":"\xe9"}')
        ),
        bad(
            "claims_utf16", "malformed", "UTF-16", signed(header, claims.decode().encode("utf-16"))
        ),
        bad("claims_deep", "issuer", "nested, without an issuer", signed(header, deep)),
        bad("claims_deeper", "malformed", "nested too deep", signed(header, b"[" * 5000)),
        bad("claims_digits", "malformed", "a number of 4,500 digits", signed(header, digits)),
        *_lengths(),
    ]


def _lengths() -> list[Vector]:
    edge = good("longest_token", "8,192 characters")
    edge["token"] = _padded(8192)
    head = bad_header("long_header", "too_long", "a header over 4 kB", pad="x" * 3100)
    return [
        edge,
        bad("long_token", "too_long", "8,193 characters", _padded(8192) + "A"),
        bad("huge_token", "too_long", "20 kB", _padded(8192) + "A" * 12000),
        head,
    ]


def _padded(length: int) -> str:
    for size in range(length):
        made = token(HEADER, CLAIMS | {"pad": "x" * size}) if size > 5000 else ""
        if len(made) == length:
            return made
    raise ValueError(length)


def jwks() -> dict[str, Any]:
    """Give the published keys: two for session tokens and three that sign something else."""
    uses = {
        "signing": ("signing", "ES256", "sig"),
        "next": ("next", "ES256", "sig"),
        "rsa": ("rsa", "RS256", "sig"),
        "p384": ("p384", "ES384", "sig"),
        "enc": ("stranger", "ECDH-ES", "enc"),
    }
    return {"keys": [_published(kid, *use) for kid, use in uses.items()]}


def _published(kid: str, key: str, alg: str, use: str) -> dict[str, str]:
    public = {
        name: KEYS[key][name] for name in ("kty", "crv", "x", "y", "n", "e") if name in KEYS[key]
    }
    return {"kid": kid, "alg": alg, "use": use} | public


def corpus() -> dict[str, Any]:
    """Give the whole file."""
    groups = (
        accepted,
        wrong_times,
        wrong_claims,
        wrong_kinds,
        wrong_algorithms,
        wrong_headers,
        wrong_signatures,
        wrong_forms,
    )
    return {
        "about": "Session tokens with the answer a verifier owes; written by make.py",
        "issuer": ISSUER,
        "site": SITE,
        "now": NOW,
        "leeway": 60,
        "jwks": jwks(),
        "vectors": [vector for group in groups for vector in group()],
    }


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "tokens.json"
    target.write_text(json.dumps(corpus(), indent=1) + "\n")
