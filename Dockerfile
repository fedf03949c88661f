# Headrace without the embedded servers, for use with a Kafka and a Redis or Valkey of your own.
# Written against the documentation; it has not been built or run here, since no Docker engine is.

FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY api api
COPY cli cli
COPY contracts contracts
COPY evaluation evaluation
COPY flows flows
COPY online_models online_models
COPY operators operators
COPY storage storage
COPY web web
# What was compiled is known by the times of its sources: whole seconds survive any layer's format.
RUN python -m venv /opt/headrace \
    && /opt/headrace/bin/pip install --no-cache-dir --disable-pip-version-check '.[fast]' \
    && find /opt/headrace -path '*/online_models/*.py' -exec touch --date=@1700000000 {} + \
    && cd / && NUMBA_CACHE_DIR=/opt/compiled /opt/headrace/bin/python -m online_models.warming

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin headrace \
    && install --directory --owner=headrace --group=headrace --mode=0700 /data
COPY --from=build /opt/headrace /opt/headrace
# Its user's own: numba uses no folder that it could not write to.
COPY --from=build --chown=10001 /opt/compiled /opt/compiled
ENV PATH=/opt/headrace/bin:$PATH \
    NUMBA_CACHE_DIR=/opt/compiled \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["headrace"]
CMD ["--help"]
