"""Bytes to text for untrusted mail: declared charset, utf-8, fallback charset, cp1252; never fails.

No detector: on short header strings detectors turn German umlauts into Big5 (email.md point 5).
"""

import codecs
import re
from functools import lru_cache

# Names found in real mail that Python does not know, or knows as a too narrow charset.
# Supersets follow the WHATWG encoding standard.
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "big-5": "big5hkscs",
    "x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "x-windows-949": "cp949",
    "windows-949": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "x-utf-8": "utf-8",
    "utf": "utf-8",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "win-1251": "cp1251",
    "win-1252": "cp1252",
    "ansi": "cp1252",
}
_UNDECLARED = frozenset(
    {"", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown", "x-unknown", "unknown-8bit", "default"}
    | {"x-unknown-charset", "binary", "8bit", "7bit", "none", "x-user-defined"}
)
# Codecs that are not character sets (rot13, hex, zlib) or that run code paths we do not want.
_FORBIDDEN = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
_CP1252_GAPS = {
    code: bytes([code]).decode("cp1252", "replace").replace("\ufffd", chr(code))
    for code in range(0x80, 0xA0)
}
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")
_MAX_MENDED = 2_000


def decode_cp1252(raw: bytes) -> str:
    """Decode as cp1252 with its five undefined bytes taken from latin-1, so it cannot fail."""
    return raw.decode("latin-1").translate(_CP1252_GAPS)


def _mend_utf8(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return decode_cp1252(error.object[error.start : error.end]), error.end


codecs.register_error("patchbay-cp1252", _mend_utf8)


@lru_cache(maxsize=512)
def codec_name(label: str) -> str | None:
    """Python codec for a charset label of a mail, or None when it is unknown or means nothing."""
    name = label.strip(" \t\"';,.<>()").lower().removeprefix("charset=")
    if name in _UNDECLARED or "\x00" in name or len(name) > 40 or not name.isascii():
        return None
    name = _ALIASES.get(name, name)
    as_code_page = re.sub(r"^(?:windows|cp|x-cp)[-_]?", "cp", name)
    for candidate in (name, name.replace("_", "-"), as_code_page):
        try:
            found = codecs.lookup(candidate)
        except (LookupError, ValueError, UnicodeError):
            continue
        if found.name in _FORBIDDEN or not getattr(found, "_is_text_encoding", True):
            return None
        return found.name
    return None


def _strict(raw: bytes, codec: str) -> str | None:
    if codec == "cp1252":
        return decode_cp1252(raw)
    if codec.startswith(("utf-16", "utf-32")) and b"\x00" not in raw:
        return None  # mislabelled 8-bit text; as UTF-16 it would turn into Chinese characters
    try:
        return raw.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _damaged_utf8(raw: bytes) -> str | None:
    """Text that is utf-8 but for a few bytes (cut in the middle, or a pasted cp1252 line)."""
    if len(raw) > 64 and raw[:64].isascii() and raw.isascii():
        return None
    lenient = raw.decode("utf-8", "replace")
    bad = lenient.count("\ufffd")
    good = len(raw) - len(lenient)  # each multi-byte character shortens the text
    if bad > _MAX_MENDED or good <= 2 * bad:
        return None
    return raw.decode("utf-8", "patchbay-cp1252")


def decode_bytes(raw: bytes, declared: str = "", fallback: str = "") -> str:
    """Text of `raw`: declared charset, utf-8, `fallback`, cp1252, in this order. Never raises."""
    declared_codec = codec_name(declared) if declared else None
    if raw.isascii() and declared_codec in (None, "utf-8", "cp1252"):
        if b"\x1b$" in raw:
            return _strict(raw, "iso2022_jp_ext") or raw.decode("ascii")
        if b"+" in raw and codec_name(fallback) == "utf-7":
            return _strict(raw, "utf-7") or raw.decode("ascii")
        return raw.decode("ascii")
    fallback_codec = codec_name(fallback) if fallback else None
    for codec in (declared_codec, "utf-8", None, fallback_codec):
        text = _strict(raw, codec) if codec else None
        if text is not None:
            return text
        if codec == "utf-8" and (mended := _damaged_utf8(raw)) is not None:
            return mended
    if declared_codec and declared_codec.startswith("iso2022_jp") and not raw.isascii():
        text = _strict(raw, "euc_jp") or _strict(raw, "cp932")  # 8-bit Japanese called 7-bit
        if text is not None:
            return text
    wide = next((c for c in (declared_codec, fallback_codec) if c and _is_multibyte(c)), None)
    return raw.decode(wide, "replace") if wide else decode_cp1252(raw)


def _is_multibyte(codec: str) -> bool:
    wide = ("gb", "big5", "cp93", "cp94", "euc", "iso2022", "shift", "utf-16", "utf-32", "hz")
    return codec.startswith(wide)


def clean_text(text: str) -> str:
    """Drop characters a database or a browser must not get: NUL, controls, lone surrogates, BOM."""
    return _UNWANTED.sub("", text)
