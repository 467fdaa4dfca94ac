#!/bin/bash
# Makes the roles and databases of the line and of MLflow; the image runs it once, on an empty volume.
# Each role owns its database and can do nothing elsewhere. Passwords come from the environment, and psql
# quotes them.
set -euo pipefail

make_database() {
    psql --set=ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
        --set=name="$1" --set=password="$2" <<'SQL'
SET password_encryption TO 'scram-sha-256';
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

make_database alphaline "${ALPHALINE_PASSWORD:?}"
make_database mlflow "${MLFLOW_PASSWORD:?}"
