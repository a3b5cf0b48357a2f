/** @file Packages that only a setting needs, and that are installed by those who set it. */

/** Loads one; where it is not installed the error says what to install, and for which setting. */
export async function optionalPackage<T>(
  load: () => Promise<T>,
  setting: string,
  packages: string,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND")
      throw error;
    throw new Error(
      `service: expected ${packages} to be installed for ${setting}, got nothing there: npm install ${packages}`,
      { cause: error },
    );
  }
}
