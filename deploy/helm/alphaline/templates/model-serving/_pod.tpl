{{/* Settings of the model server: the same in every mode. */}}
{{- define "alphaline.modelServerSettings" -}}
- {name: ALPHALINE_MODEL_SERVING_MODEL_STORE, value: /models}
- {name: ALPHALINE_MODEL_SERVING_PUBLIC_KEY, value: /etc/alphaline/keys/signing.pub}
- {name: ALPHALINE_MODEL_SERVING_HOST, value: 0.0.0.0}
- {name: ALPHALINE_MODEL_SERVING_HTTP_PORT, value: "9120"}
- {name: ALPHALINE_MODEL_SERVING_GRPC_PORT, value: "9121"}
- {name: ALPHALINE_MODEL_SERVING_METRICS_PORT, value: "9122"}
{{- end -}}

{{/*
Renders a template with the arguments of the model server's pod. Arguments: root, template,
containerName, tag (of the image, where it is another than the line's), labels (more of them).
*/}}
{{- define "alphaline.modelServer" -}}
{{- $share := include "alphaline.modelStoreShare" .root -}}
{{- $labels := merge (dict) (.labels | default dict) (include "alphaline.shareLabels" $share | fromYaml) -}}
{{- $values := merge (dict "image" (merge (dict "tag" .tag) .root.Values.modelServing.image)) .root.Values.modelServing -}}
{{- $mounts := list (include "alphaline.publicKeyMount" .root) (include "alphaline.modelStoreMount" .root) -}}
{{- $volumes := list (include "alphaline.publicKeyVolume" .root) (include "alphaline.modelStoreVolume" .root) -}}
{{- /* MLServer makes its folder of metrics in the working directory. */ -}}
{{- include .template (dict "root" .root "component" "model-serving" "containerName" .containerName "values" $values "rank" "trading" "module" "services.model_serving" "settings" (include "alphaline.modelServerSettings" .root) "metricsPort" 9122 "ports" (dict "http" 9120 "grpc" 9121) "probes" (dict "port" "http" "live" "/v2/health/live" "ready" "/v2/health/ready") "mounts" (join "\n" $mounts) "volumes" (join "\n" $volumes) "share" $share "labels" $labels "workingDirectory" "/tmp") -}}
{{- end -}}

{{- define "alphaline.processorTime" -}}
- type: Resource
  resource:
    name: cpu
    target:
      type: Utilization
      averageUtilization: {{ int64 . }}
{{- end -}}
