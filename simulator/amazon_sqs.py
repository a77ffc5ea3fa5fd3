"""The seller's queue as boto3 meets it: SQS's JSON protocol at ``/amazon/sqs``.

Operations, fields and errors: botocore's model ``sqs`` 2012-11-05 (protocol ``json``
1.0, target ``AmazonSQS``, seen 2026-11). Signatures are not checked, and a call that
may wait for a message returns at once.
"""

import hashlib

from .core import Response

PREFIX = "AmazonSQS."
MOST = 10
CONTENT_TYPE = {"Content-Type": "application/x-amz-json-1.0"}


class SqsError(Exception):
    """An error as SQS tells it.

    :param code: name of the error's shape
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code

    def response(self):
        body = {"__type": f"com.amazonaws.sqs#{self.code}", "message": str(self)}
        headers = {**CONTENT_TYPE, "x-amzn-query-error": f"{self.code};Sender"}
        return Response(400, body, headers)


class Sqs:
    """Mixed into the simulator: needs the queue and the channel's lock."""

    def sqs_operation(self, request):
        """Return the operation that a call names, else ``unknown``."""
        target = request.headers.get("x-amz-target", "")
        known = target.startswith(PREFIX) and target[len(PREFIX) :] in SQS_OPERATIONS
        return f"sqs{target[len(PREFIX) :]}" if known else "sqsUnknown"

    def on_sqs(self, request):
        """Answer one call of SQS."""
        name = self.sqs_operation(request).removeprefix("sqs")
        body = request.json()
        try:
            if name not in SQS_OPERATIONS or not isinstance(body, dict):
                raise SqsError("InvalidAction", "The action is not valid.")
            if not isinstance(body.get("QueueUrl"), str) or not body["QueueUrl"]:
                raise SqsError("QueueDoesNotExist", "The queue does not exist.")
            return Response(200, getattr(self, f"_sqs_{name}")(body), CONTENT_TYPE)
        except SqsError as error:
            return error.response()

    def _sqs_ReceiveMessage(self, body):
        count = _number(body, "MaxNumberOfMessages", 1, MOST)
        hidden = _number(body, "VisibilityTimeout", 30, 43_200, least=0)
        found = self.receive_messages(count, hidden=hidden)
        messages = [{**one, "MD5OfBody": md5(one["Body"])} for one in found]
        return {"Messages": messages} if messages else {}

    def _sqs_DeleteMessage(self, body):
        self.delete_message(_receipt(body))
        return {}

    def _sqs_DeleteMessageBatch(self, body):
        entries = body.get("Entries")
        if not isinstance(entries, list) or not entries:
            raise SqsError("EmptyBatchRequest", "There is no entry.")
        if len(entries) > MOST:
            raise SqsError("TooManyEntriesInBatchRequest", f"More than {MOST}.")
        names = [one.get("Id") if isinstance(one, dict) else None for one in entries]
        if not all(isinstance(name, str) and name for name in names):
            raise SqsError("InvalidBatchEntryId", "An Id is missing.")
        if len(set(names)) < len(names):
            raise SqsError("BatchEntryIdsNotDistinct", "An Id is there twice.")
        for entry in entries:
            self.delete_message(_receipt(entry))
        return {"Successful": [{"Id": name} for name in names], "Failed": []}


SQS_OPERATIONS = ("ReceiveMessage", "DeleteMessage", "DeleteMessageBatch")


def md5(text):
    """Return ``MD5OfBody``, a checksum that boto3 may compare."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _receipt(entry):
    receipt = entry.get("ReceiptHandle")
    if not isinstance(receipt, str) or not receipt:
        raise SqsError("ReceiptHandleIsInvalid", "The receipt handle is not valid.")
    return receipt


def _number(body, name, default, most, least=1):
    value = body.get(name, default)
    if not isinstance(value, int) or not least <= value <= most:
        words = f"{name} must be between {least} and {most}."
        raise SqsError("InvalidParameterValue", words)
    return value
