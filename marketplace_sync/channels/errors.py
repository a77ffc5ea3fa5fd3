"""What can go wrong when talking to a channel, sorted by what to do next.

ChannelError
├── RetryableError           the same message may succeed later      → postpone (``retry_after`` is a floor)
│   ├── ChannelUnreachable   network, timeout, 5xx, an answer that is not what the channel documents
│   ├── RateLimited          429, THROTTLED, or our own token bucket is empty
│   └── TakesLong            an answer is being prepared: come back for it with what ``remember`` holds
├── RejectedError            this message will never succeed as it is → park it, show it to a person
│   ├── UnknownListing       the channel does not know the SKU
│   └── UnsupportedError     the channel cannot do what was asked
└── ChannelBlockedError      nothing will succeed until a person acts → stop the account, keep its rows
    └── AuthenticationError  expired, revoked or missing credentials

Refusals of single rows are results (:class:`~.base.PushResult`), failures of a
whole call are these exceptions. Anything else that escapes an adapter is a bug
and keeps its traceback.
"""  # noqa: E501


class ChannelError(Exception):
    """A call to a channel that failed.

    :param message: one sentence that a warehouse manager understands; never holds
        a credential or a token
    :param code: the channel's own error code, as given
    :param request_id: the channel's id of the failed request, for its support
    """

    def __init__(self, message, *, code=None, request_id=None):
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id

    def __str__(self):
        details = [f"code {self.code}" if self.code else ""]
        details.append(f"request {self.request_id}" if self.request_id else "")
        details = ", ".join(filter(None, details))
        return f"{self.message} ({details})" if details else self.message


class RetryableError(ChannelError):
    """The same message may succeed later.

    :param retry_after: seconds before which another attempt is pointless; a floor
        under the caller's own back-off, or None
    """

    def __init__(self, message, *, retry_after=None, **kwargs):
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class ChannelUnreachable(RetryableError):
    """No usable answer: network failure, timeout, 5xx, HTML instead of JSON."""


class RateLimited(RetryableError):
    """The channel, or our own bucket before it, says: not so fast."""


class TakesLong(RetryableError):
    """The channel prepares an answer that is not there yet.

    :param remember: hand this back in ``AdapterConfig.data`` with the next attempt:
        it goes on waiting for the same answer instead of asking for another one
    """

    def __init__(self, message, *, remember, **kwargs):
        super().__init__(message, **kwargs)
        self.remember = remember


class RejectedError(ChannelError):
    """The channel understood and refused; the same message will be refused again."""


class UnknownListing(RejectedError):
    """The channel has no listing under this SKU or id."""


class UnsupportedError(RejectedError):
    """The channel has no such ability."""


class ChannelBlockedError(ChannelError):
    """Nothing will succeed on this account until a person acts."""


class AuthenticationError(ChannelBlockedError):
    """Credentials are missing, wrong, expired or revoked."""
