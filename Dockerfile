# The service and the command line: `docker build -t unirep-ts .`, `docker run -p 3000:3000 -v unirep:/data unirep-ts`.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/weights weights
COPY --from=build /app/dist dist
RUN mkdir /data /files && chown node /data /files
USER node
VOLUME /data
EXPOSE 3000
# SIGTERM drains: compute is checkpointed and handed back. Give it DRAIN_SECONDS (30) and some: `docker stop -t 40`.
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
