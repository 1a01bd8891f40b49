"""What the fake's addresses do: one function each, from the state and a request to an answer. HTTP is elsewhere."""

from citizen_bot.sandbox.api import login, media, menu, messages, tokens, wecom

ENDPOINTS = {
    **tokens.ENDPOINTS,
    **messages.ENDPOINTS,
    **menu.ENDPOINTS,
    **media.ENDPOINTS,
    **login.ENDPOINTS,
    **wecom.ENDPOINTS,
}
