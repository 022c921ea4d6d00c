# The API and its workers. See docs/deploying.md.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /opt/rollbook \
    && /opt/rollbook/bin/pip install --no-cache-dir --constraint constraints.txt ".[postgres]"

FROM python:3.13-slim
COPY --from=build /opt/rollbook /opt/rollbook
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/rollbook rollbook
USER rollbook
WORKDIR /var/lib/rollbook
ENV PATH=/opt/rollbook/bin:$PATH \
    ROLLBOOK_DATA=/var/lib/rollbook \
    ROLLBOOK_HOST=0.0.0.0
VOLUME /var/lib/rollbook
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/healthz', timeout=4)"]
ENTRYPOINT ["rollbook"]
CMD ["serve"]
