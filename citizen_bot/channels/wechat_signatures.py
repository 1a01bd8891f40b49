"""What a page opened inside WeChat needs signed: the JS-SDK, and the way to the resident's openid."""

import hashlib
from urllib.parse import quote, urldefrag


def jssdk_signature(ticket: str, nonce: str, timestamp: int, page_url: str) -> str:
    """The `signature` of wx.config for a page. Sign pages of the own host only, or strangers use it as a service."""
    url = urldefrag(page_url).url
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - WeChat's definition


def oauth_url(base: str, *, app_id: str, redirect_uri: str, scope: str, state: str) -> str:
    """Where to send a browser inside WeChat so that it comes back to `redirect_uri` with a code.

    WeChat matches the order of the parameters and the fragment. `state`: at most 128 letters and digits.
    """
    return (
        f"{base}/connect/oauth2/authorize?appid={app_id}&redirect_uri={quote(redirect_uri, safe='')}"
        f"&response_type=code&scope={scope}&state={state}#wechat_redirect"
    )
