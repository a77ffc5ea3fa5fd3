import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// A person looks up why a listing shows its number, and sends it again.
registry.category("web_tour.tours").add("marketplace_listing_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            trigger: ".o_app[data-menu-xmlid='marketplace_sync.marketplace_sync_menu']",
            run: "click",
        },
        {
            content: "The overview shows how the account is doing",
            trigger: ".o_kanban_record:contains('Tour account'):contains('Connected')",
        },
        {
            content: "Open its listings",
            trigger:
                ".o_kanban_record:contains('Tour account') a[name='action_open_listings']",
            run: "click",
        },
        {
            content: "What can be sold is in the list",
            trigger:
                ".o_data_row:contains('TOUR-1') td[name='sellable_qty']:contains('17')",
        },
        {
            trigger: ".o_data_row:contains('TOUR-1') td[name='sku']",
            run: "click",
        },
        {
            content: "The arithmetic is on the form: the stock …",
            trigger: "div[name='explanation'] tr:contains('Free in'):contains('20')",
        },
        {
            content: "… less the buffer …",
            trigger: "div[name='explanation'] tr:contains('Buffer'):contains('3')",
        },
        {
            content: "… is what can be sold",
            trigger: "div[name='explanation'] tr:contains('Sellable'):contains('17')",
        },
        {
            trigger: "button[name='action_explain']",
            run: "click",
        },
        {
            content: "The same in a window of its own",
            trigger: ".modal div[name='explanation'] tr:contains('Sellable'):contains('17')",
        },
        {
            trigger: ".modal footer button:contains('Close')",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) button[name='action_push']",
            run: "click",
        },
        {
            content: "A person is told what happens now",
            trigger: ".o_notification:contains('will be sent')",
        },
        {
            content: "The listing waits to be sent",
            trigger: ".o_statusbar_status button[aria-checked='true']:contains('Pending')",
        },
    ],
});
