{{/* Settings of the model server: the same in every mode; seldon-core's wrapper has its ports by names of Seldon's. */}}
{{- define "alphaline.modelServerSettings" -}}
{{- $names := dict "http" "ALPHALINE_MODEL_SERVING_HTTP_PORT" "grpc" "ALPHALINE_MODEL_SERVING_GRPC_PORT" "metrics" "ALPHALINE_MODEL_SERVING_METRICS_PORT" -}}
{{- if eq .Values.modelServing.protocol "seldon" -}}
{{- $names = dict "http" "PREDICTIVE_UNIT_HTTP_SERVICE_PORT" "grpc" "PREDICTIVE_UNIT_GRPC_SERVICE_PORT" "metrics" "PREDICTIVE_UNIT_METRICS_SERVICE_PORT" -}}
{{- end -}}
- {name: ALPHALINE_MODEL_SERVING_MODEL_STORE, value: /models}
- {name: ALPHALINE_MODEL_SERVING_PUBLIC_KEY, value: /etc/alphaline/keys/signing.pub}
- {name: ALPHALINE_MODEL_SERVING_HOST, value: 0.0.0.0}
- {name: {{ $names.http }}, value: "9120"}
- {name: {{ $names.grpc }}, value: "9121"}
{{- /* Seldon's operator appends its own, from the port of that name. */}}
{{- if not (and (eq .Values.modelServing.protocol "seldon") (eq .Values.modelServing.mode "seldonDeployment")) }}
- {name: {{ $names.metrics }}, value: "9122"}
{{- end }}
{{- end -}}

{{/* Where a model server says that it is alive, and that it serves a model. */}}
{{- define "alphaline.modelServerHealth" -}}
{{- if eq .Values.modelServing.protocol "seldon" -}}
live: /health/ping
ready: /health/status
{{- else -}}
live: /v2/health/live
ready: /v2/health/ready
{{- end -}}
{{- end -}}

{{/*
Renders a template with the arguments of the model server's pod. Arguments: root, template,
containerName, tag (of the image, where it is another than the line's), labels (more of them), lifecycle.
*/}}
{{- define "alphaline.modelServer" -}}
{{- $share := include "alphaline.modelStoreShare" .root -}}
{{- $labels := merge (dict) (.labels | default dict) (include "alphaline.shareLabels" $share | fromYaml) -}}
{{- $wrapped := eq .root.Values.modelServing.protocol "seldon" -}}
{{- $image := ternary .root.Values.modelServing.wrapperImage .root.Values.modelServing.image $wrapped -}}
{{- $values := merge (dict "image" (merge (dict "tag" .tag) $image)) .root.Values.modelServing -}}
{{- $probes := merge (dict "port" "http") (include "alphaline.modelServerHealth" .root | fromYaml) -}}
{{- $mounts := list (include "alphaline.publicKeyMount" .root) (include "alphaline.modelStoreMount" .root) -}}
{{- $volumes := list (include "alphaline.publicKeyVolume" .root) (include "alphaline.modelStoreVolume" .root) -}}
{{- /* MLServer makes its folder of metrics in the working directory. */ -}}
{{- include .template (dict "root" .root "component" "model-serving" "containerName" .containerName "lifecycle" .lifecycle "values" $values "rank" "trading" "module" (ternary "services.model_serving.seldon_server" "services.model_serving" $wrapped) "settings" (include "alphaline.modelServerSettings" .root) "metricsPort" 9122 "ports" (dict "http" 9120 "grpc" 9121) "probes" $probes "mounts" (join "\n" $mounts) "volumes" (join "\n" $volumes) "share" $share "labels" $labels "workingDirectory" "/tmp") -}}
{{- end -}}

{{- define "alphaline.processorTime" -}}
- type: Resource
  resource:
    name: cpu
    target:
      type: Utilization
      averageUtilization: {{ int64 . }}
{{- end -}}
