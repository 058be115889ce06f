{{/* What the schema cannot say. Each message names the value and the way out, never a secret. */}}
{{- define "gateway.checks" -}}
{{- $values := .Values -}}
{{- $owned := list "POD_IP" "TMPDIR" "LITELLM_NON_ROOT" "LITELLM_MIGRATION_DIR" "LITELLM_UI_PATH" "LITELLM_ASSETS_PATH" "PROMETHEUS_MULTIPROC_DIR" "DISABLE_SCHEMA_UPDATE" "GRACEFUL_SHUTDOWN_TIMEOUT" -}}
{{- $secrets := list -}}
{{- range $values.secretEnvironment -}}
{{- if has .name $secrets -}}
{{- fail (printf "secretEnvironment names %s twice: keep one" .name) -}}
{{- end -}}
{{- $secrets = append $secrets .name -}}
{{- end -}}
{{- range $name, $value := $values.environment -}}
{{- if has $name $owned -}}
{{- fail (printf "environment.%s is set by the chart itself: take it out" $name) -}}
{{- end -}}
{{- if has $name $secrets -}}
{{- fail (printf "environment.%s is in secretEnvironment as well: keep one" $name) -}}
{{- end -}}
{{- if regexMatch "(?i)(^|_)(KEY|KEYS|PASSWORD|PASSWD|TOKEN|SECRET|CREDENTIALS)$" $name -}}
{{- fail (printf "environment.%s looks like a secret: name a Secret and its key in secretEnvironment" $name) -}}
{{- end -}}
{{- if regexMatch "://[^/@]*:[^/@$][^/@]*@" (toString $value) -}}
{{- fail (printf "environment.%s has a password in its URL: put it into secretEnvironment and refer to it as $(NAME)" $name) -}}
{{- end -}}
{{- end -}}
{{- range list "LITELLM_MASTER_KEY" "DRAIN_TOKEN" -}}
{{- if not (has . $secrets) -}}
{{- fail (printf "secretEnvironment lacks %s: add {name: %s, secret: …, key: …}" . .) -}}
{{- end -}}
{{- end -}}
{{- if not (hasKey $values.environment "DATABASE_URL") -}}
{{- fail "environment lacks DATABASE_URL: the migration job would succeed without doing anything" -}}
{{- end -}}
{{- range $values.migration.secretEnvironment -}}
{{- if not (has . $secrets) -}}
{{- fail (printf "migration.secretEnvironment names %s, which secretEnvironment lacks" .) -}}
{{- end -}}
{{- end -}}
{{- $highest := ternary $values.autoscaling.maximumReplicas $values.replicaCount $values.autoscaling.enabled | int -}}
{{- if and (gt $highest 1) (not (hasKey $values.environment "REDIS_HOST")) -}}
{{- fail (printf "%d replicas without environment.REDIS_HOST would each count budgets and limits for themselves: add a cache" $highest) -}}
{{- end -}}
{{- if lt $highest (int $values.replicaCount) -}}
{{- fail (printf "autoscaling.maximumReplicas %d is below replicaCount %d" $highest (int $values.replicaCount)) -}}
{{- end -}}
{{- $grace := add $values.drain.propagationSeconds $values.drain.longestRequestSeconds 15 | int -}}
{{- if lt (int $values.terminationGracePeriodSeconds) $grace -}}
{{- fail (printf "terminationGracePeriodSeconds %d cuts requests off: drain needs %d" (int $values.terminationGracePeriodSeconds) $grace) -}}
{{- end -}}
{{- if $values.networkPolicy.enabled -}}
{{- if not $values.networkPolicy.clientCidrs -}}
{{- fail "networkPolicy.clientCidrs is empty: name the load balancer's subnets" -}}
{{- end -}}
{{- if not $values.networkPolicy.database.cidrs -}}
{{- fail "networkPolicy.database.cidrs is empty: name the database's subnets" -}}
{{- end -}}
{{- end -}}
{{- end }}
