{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gateway.labels" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "gateway.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}

{{- define "gateway.podSecurity" -}}
runAsNonRoot: true
# nobody, the user of the litellm-non_root image (docker/Dockerfile.non_root).
runAsUser: 65534
runAsGroup: 65534
fsGroup: 65534
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "gateway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
Every directory that LiteLLM writes to is an emptyDir, because the root file system is read-only.
PRISMA_BINARY_CACHE_DIR and XDG_CACHE_HOME stay as the image sets them: it carries Prisma's engines
there (LiteLLM pull request 34325), and an empty directory would hide them.
*/}}
{{- define "gateway.directories" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: TMPDIR
  value: /tmp
- name: LITELLM_NON_ROOT
  value: "true"
- name: LITELLM_MIGRATION_DIR
  value: /var/lib/litellm/migrations
- name: LITELLM_UI_PATH
  value: /var/lib/litellm/ui
- name: LITELLM_ASSETS_PATH
  value: /var/lib/litellm/assets
- name: PROMETHEUS_MULTIPROC_DIR
  value: /var/lib/litellm/metrics
{{- end }}

{{- define "gateway.volumeMounts" -}}
{{- range $directory := list "migrations" "ui" "assets" "metrics" }}
- name: writable
  mountPath: /var/lib/litellm/{{ $directory }}
  subPath: {{ $directory }}
{{- end }}
- name: scratch
  mountPath: /tmp
{{- if .Values.certificatesConfigMap }}
- name: certificates
  mountPath: /etc/gateway/certificates
  readOnly: true
{{- end }}
{{- end }}

{{- define "gateway.volumes" -}}
- name: writable
  emptyDir: {sizeLimit: 1Gi}
- name: scratch
  emptyDir: {sizeLimit: 1Gi}
{{- with .Values.certificatesConfigMap }}
- name: certificates
  configMap:
    name: {{ . }}
{{- end }}
{{- end }}

{{- define "gateway.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}

{{- define "gateway.plainVariables" -}}
{{- range $name, $value := .Values.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "gateway.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
