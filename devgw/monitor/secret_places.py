"""Where a text says a secret by its name: behind a colon or an equals sign, in a tag, a form, a URL, in one another.

Only the places; whether a name is a secret's is known to `secret_names`, and `masking` puts both together.
"""

import re

from devgw.monitor.secret_names import SCHEME, STEMS

_NAME = rf"(?=[\w-]*?(?:{STEMS}))(?P<name>[\w-]++)"
NAMED = re.compile(
    rf'(?:(?<![\w\\-])|(?<=\\)(?![nrt])|(?<=\\[nrt])){_NAME}\\*["\']?\s{{0,9}}(?:=>|:?=|:)\s{{0,9}}', re.IGNORECASE
)
"""A name with the sign behind it."""
VALUE = re.compile(
    rf'{SCHEME}(?:(?P<quote>\\{{0,7}}["\'])(?P<quoted>(?:(?!(?P=quote))(?:\\.|[^\n]))+)'
    r'|(?P<value>(?!//|-?[0-9]{1,5}\b)[^"\'”&\s,;<>}\\]{4,}))',
    re.IGNORECASE,
)
"""What stands behind it: up to the quote that ends it (escaped as often as the one that begins it), or to where the
line ends, or one word."""
IN_TAGS = (
    re.compile(rf"(?P<head><{_NAME}(?: [^<>]{{0,80}})?>)(?P<value>[^<>\s][^<>]{{3,}})", re.IGNORECASE),
    re.compile(
        r"""(?P<head>\bname=["'](?P<name>[\w-]{1,40})["'][^<>]{0,80}?\b(?:value|content)=["'])"""
        r"""(?P<value>[^"']{4,})"""
    ),
    re.compile(
        r"""(?P<head>\bvalue=["'])(?P<value>[^"']{4,})(?=["'][^<>]{0,80}?\bname=["'](?P<name>[\w-]{1,40})["'])"""
    ),
    re.compile(r'(?P<head>\bname="(?P<name>[\w-]{1,40})"\r?\n(?:[\w-]+:[^\n]{0,200}\n){0,4}\r?\n)(?P<value>[^\r\n]+)'),
    re.compile(r'(?P<head>\bform-data; name="(?P<name>[\w-]{1,40})" {1,4})(?P<value>\S{4,})'),
)
"""Elements, fields of a page in either order, and the parts of a multipart form, also on one line."""
PAIR = re.compile(
    r"""(?P<head>\b(?:name|key|field|id)\\*["']\s{0,9}:\s{0,9}\\*["'](?P<name>[\w-]{1,40})\\*["']\s{0,9},"""
    r"""\s{0,9}\\*["']value\\*["']\s{0,9}:\s{0,9}\\*["'])(?P<value>[^"'\\]+)""",
    re.IGNORECASE,
)
"""A member that names what stands in the `value` beside it, in JSON that was cut off or stands in a string."""
PARAMETER = re.compile(r"(?P<head>[?&;](?P<name>[\w.%\[\]-]++)=)(?P<value>(?![\w.-]{0,16}…#)[^\s&#\"'<>;”]+)")
WRITTEN_OUT = re.compile(
    r"(?P<head>%(?:25){0,5}(?:3F|26|23|3B)(?P<name>[\w.-]{1,80})%(?:25){0,5}3D)"
    r"(?P<value>(?:(?!%(?:25){0,5}(?:3F|26|23|3B))[^\s&#\"'<>;”])+)",
    re.IGNORECASE,
)
"""A parameter of a URL that stands in another, however often that was written into a third."""
ASSIGNED = re.compile(r"(?P<head>(?<![\w.%&?;-])(?P<name>[\w.-]{1,80})=)(?P<value>[^\s&;,\"'<>”$…][^\s&;,\"'<>”]{3,})")
"""`token=…` amid a sentence: a name or a value of somebody's that is quoted without a mark."""
SAYS_NO_SECRET = re.compile(r"(?:invalid|incorrect|bad|expired|missing|unknown|unsupported)_[a-z_]+: ")
"""An error code before what was said: `invalid_token` says no secret."""
USERINFO = re.compile(r"(?<=://)[^/@\s?#\"'<>]+(?=@)")
FRAGMENT = re.compile(r"(?<!…)#")
"""What begins the fragment of a URL; a mask has the same sign."""
