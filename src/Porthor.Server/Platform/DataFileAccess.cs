using System.Runtime.InteropServices;

namespace Porthor.Server.Platform;

/// <summary>Checks at startup that this process can use the files of the data directory.</summary>
internal static partial class DataFileAccess
{
    private const int CanRead = 4;
    private const int CanWrite = 2;
    private const int CanSearch = 1;
    private static readonly string[] WrittenFiles = ["porthor.db", "porthor.db-wal", "porthor.db-shm", "lock"];
    private static readonly string[] ReadFiles = ["session-secret", "bootstrap-token", "local-admin"];

    /// <summary>Requires the permissions that Porthor needs on the directory and on each existing file.</summary>
    /// <exception cref="StartException">
    /// A permission is missing. The message names the file, its owner, its mode and the current user.
    /// </exception>
    public static void Require(string directory)
    {
        if (!OperatingSystem.IsLinux())
            return;
        Require("data directory", directory, CanRead | CanWrite | CanSearch);
        foreach (var name in WrittenFiles)
            Require("file", Path.Combine(directory, name), CanRead | CanWrite);
        foreach (var name in ReadFiles)
            Require("file", Path.Combine(directory, name), CanRead);
    }

    private static void Require(string kind, string path, int rights)
    {
        if (FileStatus.TryRead(path) is not { } status || CheckAccess(path, rights) == 0)
            return;
        var user = FileStatus.NameOf(FileStatus.CurrentUserId);
        var correction = status.OwnerId == FileStatus.CurrentUserId
            ? $"Run: chmod u+rwX {path}. If the file system is read-only, mount it for writing."
            : $"Run the command as {FileStatus.NameOf(status.OwnerId)}, or as root: "
                + $"chown {(Directory.Exists(path) ? "-R " : "")}{user} {path}";
        throw new StartException(
            $"The {kind} {path} has mode {status.OctalMode} and belongs to {FileStatus.NameOf(status.OwnerId)}. "
            + $"Porthor runs as {user} and cannot use it. {correction}");
    }

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CheckAccess(string path, int rights);
}
