DROP TABLE payout_statements;
DROP TABLE epoch_pool_components;
DROP TABLE epochs;
DROP TABLE users;
