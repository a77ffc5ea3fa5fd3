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
 WHERE id IN (SELECT cron_id FROM marketplace_account WHERE cron_id IS NOT NULL);
UPDATE marketplace_event
   SET state = 'ignored'
 WHERE state IN ('new', 'postponed');
