import functools
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..channels.amazon import AmazonAdapter
from ..channels.amazon.queue import open_queue, region_of
from ..channels.errors import ChannelError
from .marketplace_account import MANAGER, Secret

#: Messages are fetched by ten; so many times in one run.
QUEUE_CALLS = 50
#: Seconds between two looks into a queue: nobody wakes us for what is in it.
QUEUE_SECONDS = 60


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    channel = fields.Selection(
        selection_add=[("amazon", "Amazon")], ondelete={"amazon": "cascade"}
    )
    amazon_seller_id = fields.Char("Amazon Seller ID", copy=False)
    amazon_client_id = fields.Char("Amazon Client ID", copy=False, groups=MANAGER)
    amazon_client_secret = Secret("Amazon Client Secret")
    amazon_refresh_token = Secret("Amazon Refresh Token")
    amazon_feed_threshold = fields.Integer(
        "Amazon Feed From",
        default=1500,
        help="From so many waiting quantities on, one feed is sent instead of a call "
        "for each. Below it single calls are faster.",
    )
    amazon_queue_url = fields.Char(
        "Amazon Queue",
        copy=False,
        groups=MANAGER,
        help="Address of your own Amazon SQS queue, into which Amazon puts "
        "ORDER_CHANGE. Empty: orders are found by reading, some minutes later.",
    )
    amazon_queue_key_id = fields.Char(
        "Amazon Queue Access Key ID", copy=False, groups=MANAGER
    )
    amazon_queue_secret = Secret("Amazon Queue Secret Access Key")

    def _get_adapter_class(self):
        return (
            AmazonAdapter if self.channel == "amazon" else super()._get_adapter_class()
        )

    def _get_secret_fields(self):
        return super()._get_secret_fields() + [
            "amazon_client_secret",
            "amazon_refresh_token",
            "amazon_queue_secret",
        ]

    def _get_adapter_options(self):
        options = super()._get_adapter_options()
        if self.channel == "amazon":
            options["feed_threshold"] = self.amazon_feed_threshold
        return options

    # === NOTIFICATIONS ===

    @api.constrains("amazon_queue_url")
    def _check_amazon_queue_url(self):
        for account in self.sudo():
            if account.amazon_queue_url and not region_of(account.amazon_queue_url):
                raise ValidationError(
                    self.env._(
                        "%s is not the address of an Amazon SQS queue. It looks like "
                        "https://sqs.eu-west-1.amazonaws.com/123456789012/name",
                        account.amazon_queue_url,
                    )
                )

    def _get_notification_mode(self):
        return "queue" if self.channel == "amazon" else super()._get_notification_mode()

    def _open_queue(self):
        """Return the account's queue, None when it has none."""
        account = self.sudo()
        if self.channel != "amazon" or not account.amazon_queue_url:
            return None
        secret = self._get_secrets().get("amazon_queue_secret")
        return open_queue(account.amazon_queue_url, account.amazon_queue_key_id, secret)

    def _receive_queued(self, adapter):
        """Store what lies in the queue, then delete it there: never the other way
        round. A queue that fails stops nothing: orders are read all the same."""
        result = super()._receive_queued(adapter)
        try:
            queue = self._open_queue()
            for _call in range(QUEUE_CALLS if queue else 0):
                messages = queue.receive()
                if not messages:
                    break
                bodies = [body for _receipt, body in messages]
                store = functools.partial(self._store_messages, adapter, bodies)
                self._in_transaction(store)
                queue.delete([receipt for receipt, _body in messages])
        except ChannelError as error:
            self._rollback()
            self._in_transaction(functools.partial(self._note_webhook_problem, error))
        else:
            if queue and self.webhook_problem:
                self._in_transaction(lambda: self.write({"webhook_problem": False}))
        return result

    def _store_messages(self, adapter, bodies):
        Event = self.env["marketplace.event"]
        Counter = self.env["marketplace.webhook.counter"]
        for body in bodies:
            event = adapter.parse_webhook({}, body)
            if event is None:
                Counter._add(self, self.channel, "unused")
            elif event.account_ref not in ("", self.amazon_seller_id):
                Counter._add(self, self.channel, "forged")
            elif not Event._store(self, event, {}, body.encode("utf-8", "replace")):
                Counter._add(self, self.channel, "duplicate")

    def _get_next_event_moment(self):
        moment = super()._get_next_event_moment()
        if self.channel != "amazon" or not self.sudo().amazon_queue_url:
            return moment
        look = fields.Datetime.now() + timedelta(seconds=QUEUE_SECONDS)
        return min(filter(None, (moment, look)))
