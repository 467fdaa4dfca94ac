{{- define "alphaline.strategiesVolume" -}}
- name: strategies
  configMap:
    name: {{ .Values.strategies.existingConfigMap | default (printf "%s-strategies" (include "alphaline.fullname" .)) }}
{{- end -}}

{{- define "alphaline.strategiesMount" -}}
- {name: strategies, mountPath: /etc/alphaline/strategies, readOnly: true}
{{- end -}}

{{/* A strategy is read once, at start: pods follow a change of its file. */}}
{{- define "alphaline.strategiesChecksum" -}}
{{- $all := list -}}
{{- range .Values.strategies.names -}}{{- $all = append $all ($.Files.Get (printf "files/strategies/%s.yaml" .)) -}}{{- end -}}
{{- join "\n" $all | sha256sum | trunc 16 -}}
{{- end -}}

{{- define "alphaline.publicKeyVolume" -}}
- name: keys
  secret:
    secretName: {{ .Values.signing.existingSecret }}
    items:
      - {key: {{ .Values.signing.publicKeyItem | quote }}, path: signing.pub}
{{- end -}}

{{- define "alphaline.publicKeyMount" -}}
- {name: keys, mountPath: /etc/alphaline/keys, readOnly: true}
{{- end -}}

{{- define "alphaline.modelStoreVolume" -}}
- name: models
  persistentVolumeClaim:
    claimName: {{ include "alphaline.modelStoreClaim" . }}
{{- end -}}

{{- define "alphaline.modelStoreMount" -}}
- {name: models, mountPath: /models, readOnly: true}
{{- end -}}

{{/* The label of pods that a claim of one node keeps together; empty where many nodes can mount it. */}}
{{- define "alphaline.modelStoreShare" -}}
{{- if eq .Values.modelStore.accessMode "ReadWriteOnce" -}}alphaline/reads-models: "true"{{- end -}}
{{- end -}}

{{- define "alphaline.shareLabels" -}}
{{ . | default "{}" }}
{{- end -}}

{{- define "alphaline.trainingClaim" -}}
{{ .Values.training.existingClaim | default (printf "%s-training" (include "alphaline.fullname" .)) }}
{{- end -}}

{{- define "alphaline.trainingVolume" -}}
- name: data
  persistentVolumeClaim:
    claimName: {{ include "alphaline.trainingClaim" . }}
{{- end -}}

{{/* Whether a delivery reaches every server: one that loads for itself behind the Service of several would leave the others behind. */}}
{{- define "alphaline.handsOver" -}}
{{- $serving := .Values.modelServing -}}
{{- $many := or (ne (int $serving.replicas) 1) (ne $serving.autoscaling.by "none") $serving.canary.tag $serving.shadow.tag -}}
{{- if and (not (has $serving.mode (list "inProcess" "seldonModel"))) (not $many) -}}yes{{- end -}}
{{- end -}}
