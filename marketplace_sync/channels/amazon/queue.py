"""The seller's own SQS queue, in which Amazon puts notifications.

boto3 is optional: without it, or without a queue, orders are found by reading.
At least once, unordered, sometimes never (docs/notifications-api): a message is deleted
only after it was stored; what is not deleted comes again.
"""

import importlib
import re
from urllib.parse import urlsplit

from ..errors import (
    AuthenticationError,
    ChannelUnreachable,
    RejectedError,
    UnsupportedError,
)

#: ``https://sqs.<region>.amazonaws.com/<account>/<name>``, and China's.
HOST = re.compile(r"sqs\.([a-z]{2}(?:-[a-z]+)+-[0-9])\.amazonaws\.com(?:\.cn)?")
#: Messages in one call (SQS's limit), and seconds to wait for a first one.
MESSAGES = 10
WAIT_SECONDS = 1
#: (connect, read) seconds.
TIMEOUT = (5, 15)
#: SQS error codes that a person has to put right.
DENIED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "ExpiredToken",
    )
)
MISSING = frozenset(
    ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress")
)


def region_of(url):
    """Return the region of a queue's address, "" when it is no address of a queue."""
    parts = urlsplit(url or "")
    match = HOST.fullmatch(parts.hostname or "")
    named = len(parts.path.strip("/").split("/")) == 2
    return match.group(1) if match and parts.scheme == "https" and named else ""


class NotificationQueue:
    """One queue.

    :param client: SQS client of boto3, or what answers as one
    """

    def __init__(self, url, client):
        self.url = url
        self.client = client

    def receive(self):
        """Return up to ten messages: ``[(receipt, body)]``, [] when none waits."""
        answer = self._call(
            self.client.receive_message,
            MaxNumberOfMessages=MESSAGES,
            WaitTimeSeconds=WAIT_SECONDS,
        )
        found = answer.get("Messages") or []
        return [(one["ReceiptHandle"], one.get("Body") or "") for one in found]

    def delete(self, receipts):
        """Delete messages that are stored; one that is not deleted comes again."""
        for start in range(0, len(receipts), MESSAGES):
            part = receipts[start : start + MESSAGES]
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(part)
            ]
            self._call(self.client.delete_message_batch, Entries=entries)

    def _call(self, function, **arguments):
        try:
            return function(QueueUrl=self.url, **arguments)
        except Exception as error:  # boto3's classes are not ours to import
            raise _translated(error) from None


def open_queue(url, key_id, secret):
    """Return the queue.

    :raises UnsupportedError: boto3 is not installed
    :raises RejectedError: this is no address of an SQS queue
    :raises AuthenticationError: the keys are missing
    """
    region = region_of(url)
    if not region:
        raise RejectedError("This is not the address of an Amazon SQS queue.")
    if not key_id or not secret:
        raise AuthenticationError("The queue's access key is missing.")
    try:
        boto3 = importlib.import_module("boto3")
        config = importlib.import_module("botocore.config").Config(
            connect_timeout=TIMEOUT[0],
            read_timeout=TIMEOUT[1],
            retries={"max_attempts": 1},
        )
    except ImportError:
        raise UnsupportedError(
            "The Python library boto3 is not installed: notifications are not fetched, "
            "orders are found by reading."
        ) from None
    client = boto3.client(
        "sqs",
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=config,
    )
    return NotificationQueue(url, client)


def _translated(error):
    """Return our error for one of boto3's; its text may name keys, so only its code is
    told."""
    response = getattr(error, "response", None)
    told = response.get("Error") if isinstance(response, dict) else None
    code = str((told or {}).get("Code") or type(error).__name__)
    if code in DENIED:
        return AuthenticationError("Amazon SQS refuses the access key.", code=code)
    if code in MISSING:
        return RejectedError("There is no such Amazon SQS queue.", code=code)
    return ChannelUnreachable("Amazon SQS did not answer.", code=code)
