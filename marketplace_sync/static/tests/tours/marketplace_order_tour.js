import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

// A person mends an order whose SKU nobody knows.
registry.category("web_tour.tours").add("marketplace_order_tour", {
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            trigger: ".o_app[data-menu-xmlid='marketplace_sync.marketplace_sync_menu']",
            run: "click",
        },
        {
            content: "The account's card says that an order waits",
            trigger:
                ".o_kanban_record:contains('Tour shop') .o_marketplace_orders_to_fix:contains('1')",
        },
        {
            trigger: "[data-menu-xmlid='marketplace_sync.marketplace_order_root_menu']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='marketplace_sync.marketplace_order_to_fix_menu']",
            run: "click",
        },
        {
            content: "The list says why",
            trigger:
                ".o_data_row:contains('#TOUR') td[name='problem']:contains('TOUR-LOST')",
        },
        {
            trigger: ".o_data_row:contains('#TOUR') td[name='name']",
            run: "click",
        },
        {
            content: "So does the form, with what to do",
            trigger: ".o_marketplace_problem:contains('Choose it on the line')",
        },
        {
            trigger:
                "div[name='line_ids'] .o_data_row:contains('TOUR-LOST') td[name='product_id']",
            run: "click",
        },
        {
            trigger: "div[name='line_ids'] .o_selected_row div[name='product_id'] input",
            run: "edit Product TOUR-FOUND",
        },
        {
            trigger: ".dropdown-item:contains('Product TOUR-FOUND')",
            run: "click",
        },
        {
            trigger: "button[name='action_retry']",
            run: "click",
        },
        {
            content: "It is a sale order now",
            trigger: ".o_arrow_button_current:contains('Imported')",
        },
        {
            trigger: "button[name='action_open_sale']",
            run: "click",
        },
        {
            content: "… which says where it comes from",
            trigger: "button[name='action_open_marketplace_orders']:contains('Shopify')",
        },
    ],
});
