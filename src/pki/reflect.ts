/**
 * A module of its own: in a bundle, what a module imports as CommonJS runs after the ES modules that it imports, so
 * that beside `@peculiar/x509` the polyfill would come too late. The compiled binary would not start.
 */
import "reflect-metadata";
