# Gives each kept epoch's user its password. psql computes the SCRAM verifier itself, so that a
# password reaches neither the server's log nor an argument list: it is read from standard input.
set -eu
psql --no-psqlrc --quiet --file "$SCRIPTS/database_users.sql"
for epoch in $EPOCHS; do
  eval "user=\$USER_$epoch password=\$PASSWORD_$epoch"
  printf '%s\n%s\n' "$password" "$password" |
    psql --no-psqlrc --quiet --command "\\password $user" 2>&1 | sed 's/Enter.*: //g'
  PGUSER=$user PGPASSWORD=$password psql --no-psqlrc --quiet --command 'SELECT 1' > /dev/null
  echo "$user has the password of epoch $epoch"
done
