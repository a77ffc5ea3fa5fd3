"""The queue over HTTP, as boto3 speaks to SQS (calls as recorded from boto3 1.44)."""

import hashlib
import json

import pytest

from simulator.testing import running

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"


@pytest.fixture
def amazon():
    with running(["amazon"]) as sim:
        sim.seed("amazon", {"listings": [{"sku": "A", "quantity": 9}]})
        sim.now = 1_795_000_000.0
        sim.channels["amazon"].clock = lambda: sim.now
        yield sim


@pytest.fixture
def ask(http, amazon):
    def ask(action, **body):
        headers = {
            "X-Amz-Target": f"AmazonSQS.{action}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        data = json.dumps({"QueueUrl": QUEUE, **body})
        url = amazon.url("amazon") + "/sqs/"
        return http.post(url, data=data, headers=headers, timeout=5)

    return ask


def receive(ask, **more):
    return ask("ReceiveMessage", MaxNumberOfMessages=10, **more).json()


def test_an_empty_queue_names_no_messages(ask):
    assert receive(ask, WaitTimeSeconds=20) == {}


def test_messages_are_received_deleted_and_gone(amazon, ask):
    orders = [amazon.channels["amazon"].sell("A") for _sale in range(2)]
    messages = receive(ask)["Messages"]
    told = [json.loads(message["Body"]) for message in messages]
    assert [
        one["Payload"]["OrderChangeNotification"]["AmazonOrderId"] for one in told
    ] == orders
    digest = hashlib.md5(messages[0]["Body"].encode()).hexdigest()
    assert messages[0]["MD5OfBody"] == digest
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(messages)
    ]
    answer = ask("DeleteMessageBatch", Entries=entries).json()
    assert answer == {"Successful": [{"Id": "0"}, {"Id": "1"}], "Failed": []}
    amazon.now += 31
    assert receive(ask) == {}


def test_what_is_not_deleted_comes_again_when_its_time_is_over(amazon, ask):
    amazon.channels["amazon"].sell("A")
    (first,) = receive(ask, VisibilityTimeout=90)["Messages"]
    amazon.now += 60
    assert receive(ask) == {}
    amazon.now += 31
    (second,) = receive(ask)["Messages"]
    assert second["MessageId"] == first["MessageId"]
    assert ask("DeleteMessage", ReceiptHandle=second["ReceiptHandle"]).json() == {}
    amazon.now += 31
    assert receive(ask) == {}


@pytest.mark.parametrize(
    ("action", "body", "code"),
    [
        ("ReceiveMessage", {"QueueUrl": ""}, "QueueDoesNotExist"),
        ("ReceiveMessage", {"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("ReceiveMessage", {"MaxNumberOfMessages": "x"}, "InvalidParameterValue"),
        ("DeleteMessage", {}, "ReceiptHandleIsInvalid"),
        ("DeleteMessageBatch", {"Entries": []}, "EmptyBatchRequest"),
        ("DeleteMessageBatch", {"Entries": [7]}, "InvalidBatchEntryId"),
        (
            "DeleteMessageBatch",
            {"Entries": [{"Id": "1", "ReceiptHandle": "r"}] * 2},
            "BatchEntryIdsNotDistinct",
        ),
        (
            "DeleteMessageBatch",
            {"Entries": [{"Id": str(n), "ReceiptHandle": "r"} for n in range(11)]},
            "TooManyEntriesInBatchRequest",
        ),
        ("PurgeQueue", {}, "InvalidAction"),
    ],
)
def test_mistakes_are_refused_as_sqs_does(ask, action, body, code):
    answer = ask(action, **body)
    assert answer.status_code == 400
    assert answer.json()["__type"] == f"com.amazonaws.sqs#{code}"
    assert answer.headers["x-amzn-query-error"] == f"{code};Sender"


def test_the_log_names_the_operation(amazon, ask):
    receive(ask)
    ask("PurgeQueue")
    assert amazon.counts("amazon") == {"sqsReceiveMessage": 1, "sqsUnknown": 1}
