-- A copy of the database must never speak to a marketplace.
DELETE FROM marketplace_credential;
UPDATE marketplace_account
   SET state = 'paused',
       api_url = NULL,
       channel_data = NULL,
       amazon_client_id = NULL,
       shopify_client_id = NULL,
       mercadolibre_client_id = NULL,
       -- nor answer for one
       webhook_path = NULL,
       webhook_registered_at = NULL,
       amazon_queue_url = NULL,
       amazon_queue_key_id = NULL
 WHERE TRUE;
UPDATE ir_cron
   SET active = FALSE
 WHERE id IN (SELECT cron_id FROM marketplace_account
               UNION
              SELECT order_cron_id FROM marketplace_account);
UPDATE marketplace_event
   SET state = 'ignored'
 WHERE state IN ('new', 'postponed');
-- The copy answers no monitor, and sends no summaries.
DELETE FROM ir_config_parameter WHERE key = 'marketplace_sync.health_token';
DELETE FROM marketplace_account_summary_user_rel;
