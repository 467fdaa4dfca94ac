{{/* Components that run, in the order of the flow, with the port of their metrics. */}}
{{- define "alphaline.components" -}}
{{- if .Values.marketData.enabled }}
market-data: 9101
{{- end }}
feature-streaming: 9102
{{- if .Values.lakeSink.enabled }}
lake-sink: 9103
{{- end }}
{{- if .Values.featureSink.enabled }}
feature-sink: 9104
{{- end }}
signal-generation: 9105
risk-management: 9106
paper-trading: 9107
{{- if .Values.gateway.enabled }}
gateway: 9108
{{- end }}
{{- if not (has .Values.modelServing.mode (list "inProcess" "seldonModel")) }}
model-serving: 9122
{{- end }}
{{- end -}}

{{/* Calls from one component to another, besides Kafka. */}}
{{- define "alphaline.arrows" -}}
arrows:
  {{- if and (not (has .Values.modelServing.mode (list "inProcess" "seldonModel"))) (not .Values.modelServing.router.address) }}
  - {from: signal-generation, to: model-serving, ports: [9121]}
  {{- end }}
  - {from: signal-generation, to: risk-management, ports: [9110]}
  {{- if .Values.gateway.enabled }}
  - {from: gateway, to: risk-management, ports: [9110]}
  {{- end }}
  {{- range $component := list "training" "delivery" }}
  {{- if and (index $.Values $component).run $.Values.mlflow.server.enabled (or (eq $component "delivery") (not $.Values.training.kubeflow.endpoint)) }}
  - {from: {{ $component }}, to: mlflow, ports: [5000]}
  {{- end }}
  {{- end }}
  {{- if and .Values.delivery.run (include "alphaline.handsOver" .) }}
  - {from: delivery, to: model-serving, ports: [9120, 9121]}
  {{- end }}
{{- end -}}

{{/* Components that read or write Kafka. */}}
{{- define "alphaline.kafkaClients" -}}
{{- $clients := without (keys (include "alphaline.components" . | fromYaml)) "model-serving" | sortAlpha -}}
{{- if ne .Values.kafka.mode "strimzi" -}}{{- $clients = append $clients "topics" -}}{{- end -}}
{{- if .Values.delivery.run -}}{{- $clients = append $clients "delivery" -}}{{- end -}}
{{- toJson $clients -}}
{{- end -}}
