"""What secrets look like: the shapes by which `masking` knows them, wherever they stand.

Whoever issues tokens puts a prefix in front, so that scanners of secrets find them. What has such a prefix and behind
it letters as only chance throws them (`_THROWN`) is masked, whoever issues it; the others are here one by one, by what
their issuers publish. An id is not masked: those of WorkOS have capitals and digits alone, a UUID hex, and those of
Stripe and of models fewer letters than any token.
"""

import re

_DIGIT_OR_CAPITAL = r"(?=[a-z_-]{0,64}[A-Z0-9])"
"""Soon: a look to the end of the word, from each of its places, would take time by the square of its length."""
_MIXED = r"(?=[a-z0-9]{0,40}[A-Z])(?=[A-Z0-9]{0,40}[a-z])(?=[A-Za-z]{0,40}[0-9])"
_THROWN = rf"(?!sha(?:256|384|512)-)[A-Za-z][A-Za-z0-9]{{0,11}}[_.-]{_MIXED}[A-Za-z0-9]{{30,}}"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SHAPES = (
    # ours
    rf"(?:at|rt|cs|code|st|br|no|cv|ss|cb|pt|bk|cf|web)_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{12,}}",
    # forges and registries: GitHub, GitLab, Bitbucket, Gitea, npm, PyPI, RubyGems, Docker, crates.io, JFrog, Terraform
    r"gh[pousr]_[A-Za-z0-9]{16,}", r"github_pat_[A-Za-z0-9_]{16,}", r"gl[a-z]{2,8}-[A-Za-z0-9_.-]{16,}",
    r"GR1348941[A-Za-z0-9_-]{16,}", r"AT(?:ATT3|CTT3|BB)[A-Za-z0-9=_.-]{24,}", r"npm_[A-Za-z0-9]{20,}",
    r"pypi-[A-Za-z0-9_-]{16,}", r"rubygems_[a-f0-9]{20,}", r"dckr_[a-z]{2,4}_[A-Za-z0-9_-]{16,}",
    r"AKCp[A-Za-z0-9]{20,}", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{20,}",
    # models: Hugging Face, Replicate, OpenAI, Anthropic, Groq, xAI, Perplexity, Tavily, LangSmith, Fireworks, Firecrawl
    r"(?:hf|api_org)_[A-Za-z0-9]{16,}", r"r8_[A-Za-z0-9]{20,}", r"sk-[A-Za-z0-9_-]{16,}", r"gsk_[A-Za-z0-9]{20,}",
    r"xai-[A-Za-z0-9]{20,}", r"pplx-[A-Za-z0-9]{20,}", r"tvly-[A-Za-z0-9-]{16,}", r"lsv2_[a-z]{2}_[a-f0-9_]{20,}",
    rf"(?:(?:fw|jina|e2b|pcsk|tgp_v1)_|(?:nvapi|csk|fc|ctx7sk|pa)-){_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{24,}}",
    # payments: Stripe, Square, Flutterwave, Razorpay, Shippo, EasyPost, Plaid, Lob
    r"[spr]k_(?:test|live|prod)_[A-Za-z0-9_-]{10,}", r"whsec_[A-Za-z0-9+/=]{16,}",
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}", r"EAAA[A-Za-z0-9_-]{40,}", r"FLWSECK(?:_TEST)?-[A-Za-z0-9-]{12,}",
    r"(?:rzp|shippo|duffel)_(?:test|live)_[A-Za-z0-9_-]{10,}", r"EZ[AT]K[A-Za-z0-9]{20,}",
    rf"access-(?:sandbox|development|production)-{_UUID}", r"(?:live|test)_[a-f0-9]{30,}",
    # applications: Shopify, Linear, Notion, Figma, SendGrid, Brevo, Mailgun, Mailchimp, HubSpot, Airtable, Asana,
    # Typeform, Resend, Contentful, Postman, ReadMe, Intra, Dropbox, Zoho
    r"shp[a-z]{2}_[A-Za-z0-9]{16,}", r"lin_(?:api|oauth)_[A-Za-z0-9]{16,}", r"(?:ntn|secret)_[A-Za-z0-9]{30,}",
    r"fig[a-z]_[A-Za-z0-9_-]{16,}", r"SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"x(?:keysib|smtpsib)-[A-Za-z0-9-]{20,}", r"key-[a-f0-9]{32}", r"[a-f0-9]{32}-us[0-9]{1,2}(?!\w)",
    rf"pat-[a-z]{{2}}[0-9]-{_UUID}", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{40,}",
    r"[12]/[0-9]{10,}(?:/[0-9]{6,})?:[a-f0-9]{20,}",
    r"tfp_[A-Za-z0-9_]{20,}", r"re_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,}", r"CFPAT-[A-Za-z0-9_-]{20,}",
    r"PMAK-[a-f0-9]{20,}-[a-f0-9]{20,}", r"rdme_[a-z0-9]{30,}",
    r"s-s4t2(?:ud|af)-[a-f0-9]{20,}", r"sl\.(?:u\.)?[A-Za-z0-9_-]{40,}", r"1000\.[a-f0-9]{30,}\.[a-f0-9]{30,}",
    # talk: Slack, Discord, Telegram
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}", r"xapp-[A-Za-z0-9-]{10,}",
    r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    r"(?:[Bb]ot)?[0-9]{6,12}(?::|%3[Aa])AA[A-Za-z0-9_-]{30,}",
    # machines and their watching: DigitalOcean, HashiCorp, Doppler, 1Password, age, Tailscale, Fly, Heroku, Netlify,
    # Cloudflare, Pulumi, Databricks, PlanetScale, Supabase, Grafana, Sentry, New Relic, Dynatrace, Buildkite, CircleCI
    r"do[opr]_v1_[a-f0-9]{20,}", r"hv[sbr]\.[A-Za-z0-9_-]{20,}", r"dp\.[a-z]{2,6}\.(?:[a-z0-9_-]{2,35}\.)?\w{20,}",
    r"ops_eyJ[A-Za-z0-9_=-]{20,}", r"A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"tskey-[a-z]+-[A-Za-z0-9-]{16,}", r"fm[12][ar]?_[A-Za-z0-9+/=_-]{20,}", r"HRKU-[A-Za-z0-9_-]{20,}",
    r"v1\.0-[a-f0-9]{20,}-[a-f0-9]{40,}", r"pul-[a-f0-9]{20,}",
    r"dapi[a-f0-9]{30,}(?:-[0-9])?", r"pscale_[a-z]+_[A-Za-z0-9_=.-]{20,}", r"sb(?:p|_secret)_[A-Za-z0-9_]{20,}",
    r"gl(?:c|sa)_[A-Za-z0-9_=+/]{20,}", r"sntry[a-z]_[A-Za-z0-9_=+/]{20,}",
    r"NR(?:AK|II|JS|AA|RA|SP)-[A-Za-z0-9_-]{16,}",
    r"dt0[a-z][0-9]{2}\.[A-Z0-9]{20,}\.[A-Z0-9]{40,}", r"bk[a-z]{2,3}_[a-f0-9]{20,}", r"CCI[A-Z]+_[A-Za-z0-9_]{20,}",
    rf"(?:sdk|api|mob)-{_UUID}",
    rf"(?:sgp|slk|sq[upa]|zpka|phx|rnd|napi|waka|nf[a-z])_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{20,}}",
    # clouds: AWS, Google, Azure, Alibaba, Tencent, Yandex; maps and adverts
    r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ABIA)[A-Z0-9]{16}", r"ABSK[A-Za-z0-9+/=]{40,}", r"AIza[A-Za-z0-9_-]{30,}",
    r"ya29\.[A-Za-z0-9_-]{10,}", r"GOCSPX-[A-Za-z0-9_-]{16,}", r"1//0[A-Za-z0-9_-]{20,}", r"AQ\.[A-Za-z0-9_-]{30,}",
    r"[A-Za-z0-9_.~-]{3}[78]Q~[A-Za-z0-9_.~-]{30,}", r"LTAI[A-Za-z0-9]{12,}", r"AKID[A-Za-z0-9]{28,}",
    r"(?:t1\.|y[0-3]_|AQVN)[A-Za-z0-9_=.-]{30,}", r"[spt]k\.eyJ[A-Za-z0-9_.-]{20,}", r"EAA[A-Za-z0-9]{60,}",
    # whoever else puts a prefix in front
    rf"[a-z]{{2,8}}_{_DIGIT_OR_CAPITAL}[A-Za-z0-9_-]{{40,}}", _THROWN,
    r"eyJ[A-Za-z0-9_-]{5,2000}\.\.?[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",  # with nothing between: RFC 7516 §5.1
)  # fmt: skip
_BEARER = r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{16,}=*(?![\w=\"'])"
_PEM = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|\Z)"
_BASIC = r"(?<=[Bb]asic )(?=[A-Za-z]*[a-z0-9][A-Z0-9+/=])[A-Za-z0-9+/_-]{8,}=*(?![\w=\"'])"
_HOOKS = (
    r"(?<=/services/)T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}|(?<=/webhooks/)[0-9]{6,}/[A-Za-z0-9_-]{30,}"
    r"|(?<=/bot)[0-9]{6,}:[A-Za-z0-9_-]{30,}"
)
"""What stands in a path: of Slack, Discord and Telegram."""
_KEY_ID = r"sso_oidc_key_pair_[0-7][0-9A-HJKMNP-TV-Z]{25}(?![A-Za-z0-9_-])"
"""The `kid` of a key that WorkOS publishes: no secret, and all that tells one key from another."""
_ALONE = r"(?<![A-Za-z0-9])"
_BEHIND_AN_ESCAPE = (
    rf"(?:{_ALONE}|(?<=%[0-9A-Fa-f]{{2}})|(?<=%25[0-9A-Fa-f]{{2}})|(?<=\\[bfnrt])|(?<=\\u00[0-9A-Fa-f]{{2}}))"
)
"""The letters of an escape before a word are none of it."""


def _shaped(beginning: str) -> re.Pattern[str]:
    """Return what finds a shape where a word begins so."""
    return re.compile(rf"{_PEM}|{_BEARER}|{_BASIC}|{_HOOKS}|{beginning}(?!{_KEY_ID})(?:{'|'.join(_SHAPES)})")


SHAPED = _shaped(_ALONE)
"""Everything that looks like a token, a key or a JWT, wherever it stands."""
SHAPED_AMID_ESCAPES = _shaped(_BEHIND_AN_ESCAPE)
"""The same of a text with escapes in it: it takes three times as long."""
ESCAPE = re.compile(r"[%\\]")
MARK = re.compile(r"[_.:/~-]|eyJ|earer |asic |[A-Za-z0-9]{20}")
"""One of these is in every text that has such a shape."""
PREFIX = re.compile(
    r"(?:github_pat|dckr_pat|lin_api|lin_oauth|[spr]k_(?:test|live)|do[opr]_v1|[a-z]{1,6})_(?=.{12})"
    r"|(?:sk|xox[a-z]|gl[a-z]{2,8}|pypi|xai|pplx|tvly|xapp|GOCSPX)-(?=.{10})|dp\.[a-z]{2,6}\.(?=.{12})"
)
"""What may be shown of a secret: it says what kind it is."""
