import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// From a new account to live: test, match, preview, go live.
registry.category("web_tour.tours").add("marketplace_first_push_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            trigger: ".o_app[data-menu-xmlid='marketplace_sync.marketplace_sync_menu']",
            run: "click",
        },
        {
            trigger: ".o_kanban_record:contains('Tour shop')",
            run: "click",
        },
        {
            content: "A new account says what to do first",
            trigger: ".alert-info:contains('Test connection')",
        },
        {
            trigger: "button[name='action_test_connection']",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('Connected to')",
        },
        {
            content: "Now the form asks for the next step",
            trigger: ".alert-info:contains('Match products')",
        },
        {
            trigger: "button[name='action_match_products']",
            run: "click",
        },
        {
            content: "What did not match is in front, with the reason",
            trigger: ".modal .o_data_row:contains('NO-SUCH-THING'):contains('No product')",
        },
        {
            content: "What matched is ticked",
            trigger: ".modal a[name='matched']",
            run: "click",
        },
        {
            trigger:
                ".modal .o_data_row:contains('TOUR-DOWN') td[name='is_selected'] input:checked",
        },
        {
            trigger: ".modal button[name='action_create_listings']",
            run: "click",
        },
        {
            content: "The new listings are shown",
            trigger: ".o_list_view .o_data_row:contains('TOUR-ZERO')",
        },
        {
            trigger: ".breadcrumb-item:contains('Tour shop'), .o_back_button:contains('Tour shop')",
            run: "click",
        },
        {
            trigger: "button[name='action_preview_push']",
            run: "click",
        },
        {
            content: "What drops to 0 is first",
            trigger: ".modal .o_data_row:first:contains('TOUR-ZERO'):contains('Drops to 0')",
        },
        {
            trigger: ".modal .o_data_row:contains('TOUR-DOWN'):contains('Falls') td[name='sku']",
            run: "click",
        },
        {
            content: "Each number can be asked why",
            trigger: ".modal div[name='explanation'] tr:contains('Sellable'):contains('4')",
        },
        {
            trigger: ".modal:has(div[name='explanation']) footer button:contains('Close')",
            run: "click",
        },
        {
            trigger: "body:not(:has(div[name='explanation'])) .modal button[name='action_go_live']",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status button[aria-checked='true']:contains('Connected')",
        },
    ],
});
