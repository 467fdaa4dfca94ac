{{/*
A variable that a Secret gives, quoted for a list of variables. Arguments: name, secret, item.
*/}}
{{- define "alphaline.secretVariable" -}}
- {name: {{ .name }}, valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .item | quote }}}}}
{{- end -}}

{{/* Variables of a store: a file on the claim, or a database. Arguments: database, name, file. */}}
{{- define "alphaline.storeVariables" -}}
{{- if eq .database.mode "existing" -}}
{{- include "alphaline.secretVariable" (dict "name" (printf "%s_DATABASE" .name) "secret" .database.existingSecret "item" (.item | default .database.uriItem)) -}}
{{- else -}}
- {name: {{ .name }}, value: {{ .file | quote }}}
{{- end -}}
{{- end -}}

{{/* Stores on servers of yours: who asks, on which port and where. */}}
{{- define "alphaline.servers" -}}
servers:
  {{- $database := .Values.riskManagement.database }}
  {{- if eq $database.mode "existing" }}
  - {name: journal-database, clients: [risk-management], port: {{ int $database.port }}, peers: {{ toJson $database.networkPolicyPeers }}}
  {{- end }}
  {{- $database = .Values.paperTrading.database }}
  {{- if eq $database.mode "existing" }}
  - {name: ledger-database, clients: {{ ternary "[paper-trading, gateway]" "[paper-trading]" .Values.gateway.enabled }}, port: {{ int $database.port }}, peers: {{ toJson $database.networkPolicyPeers }}}
  {{- end }}
  {{- $store := .Values.featureSink.onlineStore }}
  {{- if and .Values.featureSink.enabled (eq $store.mode "existing") }}
  - {name: online-store, clients: [feature-sink], port: {{ int $store.port }}, peers: {{ toJson $store.networkPolicyPeers }}}
  {{- end }}
  {{- $server := .Values.mlflow.server }}
  {{- if and $server.enabled (eq $server.database.mode "existing") }}
  - {name: mlflow-database, clients: [mlflow], port: {{ int $server.database.port }}, peers: {{ toJson $server.database.networkPolicyPeers }}}
  {{- end }}
  {{- if and $server.enabled .Values.mlflow.artifacts.endpointUrl }}
  - {name: artifacts, clients: [mlflow], port: {{ include "alphaline.portOfAddress" .Values.mlflow.artifacts.endpointUrl }}, peers: {{ toJson .Values.mlflow.artifacts.networkPolicyPeers }}}
  {{- end }}
  {{- $submits := and .Values.training.run .Values.training.kubeflow.endpoint }}
  {{- with $submits }}
  {{- $kubeflow := $.Values.training.kubeflow }}
  - {name: kubeflow, clients: [training], port: {{ include "alphaline.portOfAddress" . }}, peers: {{ toJson $kubeflow.networkPolicyPeers }}}
  {{- end }}
  {{- /* Who submits leaves the registry to the steps. */}}
  {{- $asking := ternary "[delivery]" "[training, delivery]" (not (empty $submits)) }}
  {{- if and (not $server.enabled) (or (and .Values.training.run (not $submits)) .Values.delivery.run) }}
  {{- with .Values.mlflow.trackingUri }}
  - {name: mlflow, clients: {{ $asking }}, port: {{ include "alphaline.portOfAddress" . }}, peers: {{ toJson $.Values.mlflow.networkPolicyPeers }}}
  {{- end }}
  {{- with .Values.mlflow.artifacts.endpointUrl }}
  - {name: artifacts, clients: {{ $asking }}, port: {{ include "alphaline.portOfAddress" . }}, peers: {{ toJson $.Values.mlflow.artifacts.networkPolicyPeers }}}
  {{- end }}
  {{- end }}
{{- end -}}

{{- define "alphaline.portOfAddress" -}}
{{- $uri := urlParse . -}}
{{- ternary (last (splitList ":" $uri.host)) (ternary "443" "80" (eq $uri.scheme "https")) (contains ":" $uri.host) -}}
{{- end -}}

{{/* What training and delivery ask. */}}
{{- define "alphaline.trackingUri" -}}
{{- ternary (printf "http://%s-mlflow:5000" (include "alphaline.fullname" .)) .Values.mlflow.trackingUri .Values.mlflow.server.enabled -}}
{{- end -}}

{{/* How S3 is reached, in MLflow's own variables. */}}
{{- define "alphaline.artifactVariables" -}}
{{- $artifacts := .Values.mlflow.artifacts -}}
{{- if $artifacts.existingSecret -}}
- {name: MLFLOW_S3_ENDPOINT_URL, value: {{ $artifacts.endpointUrl | quote }}}
- {name: AWS_DEFAULT_REGION, value: {{ $artifacts.region | quote }}}
{{ include "alphaline.secretVariable" (dict "name" "AWS_ACCESS_KEY_ID" "secret" $artifacts.existingSecret "item" $artifacts.accessKeyItem) }}
{{ include "alphaline.secretVariable" (dict "name" "AWS_SECRET_ACCESS_KEY" "secret" $artifacts.existingSecret "item" $artifacts.secretKeyItem) }}
{{- end -}}
{{- end -}}
