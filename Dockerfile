# docker build --build-arg VERSION="$(git describe --tags --always)" -t usher .
#
# Prosody reaches usher over the socket in the volume /run/usher. Users have no
# names in this image, so the configuration names Prosody's by number, as in
# `peers: [101]`, and Prosody's container joins the group 65532:
#
#   docker run -v /etc/usher:/etc/usher:ro -v usher-run:/run/usher usher

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/usher ./cmd/usher
RUN install -d -m 0750 /out/run/usher && install -d -m 0700 /out/var/lib/usher

FROM scratch
# For key sources over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# The folder comes with its mode; a volume takes owner and mode from it.
COPY --from=build --chown=65532:65532 /out/run /run
COPY --from=build --chown=65532:65532 /out/var /var
COPY --from=build /out/usher /usher
USER 65532:65532
VOLUME /run/usher /var/lib/usher
# There is no shell here; usher asks itself over the admin socket.
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s CMD ["/usher", "status"]
ENTRYPOINT ["/usher"]
CMD ["serve"]
