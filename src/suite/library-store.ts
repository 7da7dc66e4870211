import { type LibraryStore, openLibraryStore } from "../library/index.ts";
import type { Settings } from "./settings.ts";

/** The library that the settings name. @throws GrpoError LIBRARY_NAME_INVALID */
export const libraryStoreOf = ({
  experiences,
  agent,
  route,
}: Pick<Settings, "experiences" | "agent" | "route">): LibraryStore =>
  openLibraryStore({ root: experiences, agent, route });
