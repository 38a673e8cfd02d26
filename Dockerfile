# One image per service; its roles are arguments: `docker run IMAGE ticket_svc api`.
#   docker build --build-arg SERVICE=ticket-svc --tag patchbay/ticket-svc:0.1.0 .
# SERVICE is the folder of a service or simulator. All images share every layer but the last two.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# `tools` builds our members, `app` is what runs: it never holds pip.
RUN python -m venv /opt/tools && python -m venv --without-pip /opt/app
COPY requirements.lock ./
RUN /opt/tools/bin/pip install --require-hashes --requirement requirements.lock \
    && /opt/tools/bin/pip --python /opt/app/bin/python install \
        --require-hashes --requirement requirements.lock \
    && /opt/tools/bin/pip --python /opt/app/bin/python uninstall --yes \
        hatchling editables pathspec pluggy trove-classifiers
COPY libs libs
ARG SERVICE=ticket-svc
COPY */${SERVICE} member
# Dependencies are checked against the lock: nothing may come from anywhere else.
RUN /opt/tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels \
        ./libs/contracts ./libs/kit ./member \
    && /opt/tools/bin/pip --python /opt/app/bin/python install \
        --no-index --find-links /wheels "${SERVICE}"

FROM ${BASE_IMAGE}
RUN install -d -o 10001 -g 10001 /var/lib/patchbay /var/lib/patchbay/blobs
COPY --from=build /opt/app /opt/app
ENV PATH=/opt/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONFAULTHANDLER=1 \
    PATCHBAY_HTTP_HOST=0.0.0.0 \
    PATCHBAY_HTTP_PORT=8080
ARG SERVICE=ticket-svc
LABEL org.opencontainers.image.title="patchbay/${SERVICE}" \
    org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /var/lib/patchbay
USER 10001:10001
EXPOSE 8080
# Compose and Kubernetes ask /livez and /readyz themselves; the role `migrate` serves nothing.
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m"]
