{{- define "stack.fullname" -}}
{{ .Values.fullnameOverride | default (printf "%s-kube-prometheus-stack" .Release.Name) }}
{{- end }}

{{- define "stack.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: kube-prometheus-stack
app.kubernetes.io/managed-by: {{ .Release.Service }}
release: {{ .Release.Name }}
{{- end }}

{{/* An empty selector takes everything; the chart's own takes objects with the release's label. */}}
{{- define "stack.selector" -}}
{{- if .everything }}{}{{ else }}{matchLabels: {release: {{ .release }}}}{{ end }}
{{- end }}
