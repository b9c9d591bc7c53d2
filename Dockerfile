# Two stages: the build needs the development packages, the image does not.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run build

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 INTERNAL_HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json /app/package-lock.json /app/.npmrc ./
COPY --from=build /app/apps ./apps
COPY --from=build /app/libs ./libs
COPY --from=build /app/bench/package.json ./bench/package.json
RUN npm ci --omit=dev
COPY --from=build /app/dist ./dist
RUN ln -s /app/node_modules/.bin/drawbridge /usr/local/bin/drawbridge
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080 8081
CMD ["node", "--disable-warning=ExperimentalWarning", "--enable-source-maps", "--max-semi-space-size=8", "dist/apps/bridge/src/main.js"]
