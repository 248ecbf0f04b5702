FROM python:3.13.18-slim-trixie AS build
RUN pip install --no-cache-dir uv==0.13.8
ENV UV_PYTHON=/usr/local/bin/python3 \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/prediction-exporter \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1
WORKDIR /build
# The dependencies in a layer of their own: a change of the code does not fetch them again.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --extra demo --no-install-project
COPY README.md LICENSE ./
COPY exporter exporter
RUN uv sync --locked --no-dev --extra demo --no-editable

FROM python:3.13.18-slim-trixie
LABEL org.opencontainers.image.title="prediction-exporter" \
      org.opencontainers.image.description="Watches machine-learning models on Prometheus: drift, scores, latency and data quality from the prediction log." \
      org.opencontainers.image.source="https://github.com/prediction-exporter/prediction-exporter" \
      org.opencontainers.image.documentation="https://github.com/prediction-exporter/prediction-exporter#readme" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/prediction-exporter /opt/prediction-exporter
ENV PATH=/opt/prediction-exporter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# A volume that is mounted here is writable for the user below.
RUN install -d -o 65532 -g 65532 /data
USER 65532:65532
WORKDIR /data
EXPOSE 8770
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["prediction-exporter", "healthcheck"]
ENTRYPOINT ["prediction-exporter"]
CMD ["run", "--config.file", "/etc/prediction-exporter/exporter.yml"]
