"""Whether a name reads as another one: letters of several alphabets in one word, or of one that only looks Latin.

A short list of what imitates ASCII in practice, not the whole of it (UTS 39 §4, §5): it warns, and decides nothing.
"""

import re
import unicodedata

_IMITATORS = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf\u0475\u0410\u0412\u0415"
    "\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u03bf\u03bd\u03c1\u0391\u0392\u0395\u0396"
    "\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0585\u0578\u057d\u0581\u13a0\u13a1\u13aa\u13cf\u13de"
    "\u1455\u14aa\u15e9\u144c\u15ea\u15f4\u144e\u146d\u1587\u15f7\u1515\u142f\u15ef\u15f0\u148d\u157c\u15b4\u146b\u156e"
) | {chr(each) for each in range(0xA4D0, 0xA4F8)}
"""Cyrillic, Greek, Armenian, Cherokee, Canadian and Lisu letters that are drawn like Latin ones."""
_ODD_LATIN = re.compile("[\u0251\u0261\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u029f\u1d00-\u1d2b\ua730\ua731]")
"""Letters of phonetics, most of them small capitals, which read as the letters of a name."""
_TOGETHER = frozenset({"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "HANGUL", "BOPOMOFO"})
"""Written together by those who write them, and with Latin too."""


def imitation_in(text: str) -> str:
    """Return what is odd about the letters of a name, as the end of a sentence that begins with it; or nothing."""
    if text.isascii():
        return ""
    is_unusual = unicodedata.normalize("NFKC", text) != unicodedata.normalize("NFC", text)
    if is_unusual or _ODD_LATIN.search(text):
        return "has letters in unusual forms, which look like others"
    for word in text.split():
        alphabets = _alphabets(word)
        if len(alphabets) > 1:
            return f"mixes letters of {' and '.join(sorted(alphabets))} in one word"
        letters = [each for each in word if each.isalpha()]
        if letters and all(each in _IMITATORS for each in letters):
            return f"is written with {next(iter(alphabets))} letters that look like Latin ones"
    return ""


def imitation_in_host(host: str) -> str:
    """Return what is odd about the letters of a host as browsers may show it, as a sentence's end; or nothing.

    Args:
        host: in ASCII, as it stands in DNS. Under a domain that is itself of another alphabet its letters are at home.
    """
    try:
        labels = [_shown(each) for each in host.lower().split(".") if each]
    except UnicodeError:
        return "its host has a label that is no name in DNS"
    if all(each.isascii() for each in labels):
        return ""
    found = next(filter(None, map(imitation_in, labels)), "")
    is_at_home = not labels[-1].isascii() and "mixes" not in found
    return "" if is_at_home or not found else f"its host {host}, drawn as {'.'.join(labels)}, {found}"


def _shown(label: str) -> str:
    """Return a label of DNS as a browser may draw it (RFC 5890 §2.3.2.1)."""
    return label.removeprefix("xn--").encode().decode("punycode") if label.startswith("xn--") else label


def _alphabets(word: str) -> set[str]:
    """Return the alphabets of a word by the first word of each letter's name in Unicode."""
    names = {unicodedata.name(each, "?").split()[0] for each in word if each.isalpha()}
    others = names - _TOGETHER
    return {each.capitalize() for each in (others if others != {"LATIN"} or names == others else {"LATIN"})}
