{{/* What `alphaline submit-training` reads: the steps' pods, and what the endpoint is shown. */}}
{{- define "alphaline.kubeflowVolume" -}}
{{- $kubeflow := .Values.training.kubeflow -}}
- name: kubeflow
  projected:
    sources:
      - configMap:
          name: {{ include "alphaline.fullname" . }}-training-steps
      {{- if eq $kubeflow.token.by "secret" }}
      - secret:
          name: {{ $kubeflow.token.existingSecret }}
          items:
            - {key: {{ $kubeflow.token.item | quote }}, path: token}
      {{- else if eq $kubeflow.token.by "serviceAccount" }}
      - serviceAccountToken:
          path: token
          audience: {{ $kubeflow.token.audience | quote }}
          expirationSeconds: 3600
      {{- end }}
      {{- with $kubeflow.caSecret }}
      - secret:
          name: {{ . }}
          items:
            - {key: {{ $kubeflow.caItem | quote }}, path: ca.crt}
      {{- end }}
{{- end -}}

{{/* MLflow as the steps reach it, whose namespace may be another. */}}
{{- define "alphaline.trackingUriOfSteps" -}}
{{- if .Values.mlflow.server.enabled -}}
http://{{ include "alphaline.fullname" . }}-mlflow.{{ .Release.Namespace }}:5000
{{- else -}}
{{ .Values.mlflow.trackingUri }}
{{- end -}}
{{- end -}}

{{/* The run is the Job's: a pod that had to make room is made again, and waits for the run that is there. */}}
{{- define "alphaline.kubeflowVariables" -}}
- name: JOB_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['batch.kubernetes.io/controller-uid']
- {name: ALPHALINE_KUBEFLOW_RUN, value: "{{ include "alphaline.fullname" . }}-training-{{ .Release.Revision }}-$(JOB_UID)"}
{{- end -}}

{{/* The label of the steps' pods, which this release's MLflow lets through. */}}
{{- define "alphaline.stepsLabel" -}}
alphaline/training-of: {{ include "alphaline.fullname" . }}
{{- end -}}
