using System.Runtime.InteropServices;

namespace Porthor.Server.Platform;

/// <summary>
/// Finds groups whose only member is the user of this process. Many distributions give each user such a group, which can write to the
/// user's new directories. Kubernetes gives a pod such a group for its volumes (<c>fsGroup</c>).
/// </summary>
internal static partial class PrivateGroups
{
    private const int FieldCount = 4;

    /// <summary>
    /// Returns whether a group has no members except root and the user of this process, according to <c>/etc/group</c> and
    /// <c>/etc/passwd</c>. A group without a name is private if this process is a member of it. A group that only another user database
    /// defines is not private.
    /// </summary>
    public static bool IsPrivate(uint groupId)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            var users = Read("/etc/passwd").Where(fields => fields[2] != "0" && fields[2] != $"{FileStatus.CurrentUserId}").ToList();
            if (users.Exists(fields => fields[3] == $"{groupId}"))
                return false;
            var groups = Read("/etc/group").Where(fields => fields[2] == $"{groupId}").ToList();
            if (groups.Count == 0)
                return GetGroup(groupId) == 0 && IsOfProcess(groupId);
            string[] own = ["root", FileStatus.NameOf(FileStatus.CurrentUserId)];
            return groups.SelectMany(fields => fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries)).All(own.Contains);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsOfProcess(uint groupId) => File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith("Gid:", StringComparison.Ordinal) || line.StartsWith("Groups:", StringComparison.Ordinal))
        .SelectMany(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        .Contains($"{groupId}");

    private static IEnumerable<string[]> Read(string path) =>
        File.ReadLines(path).Select(line => line.Split(':')).Where(fields => fields.Length >= FieldCount);

    [LibraryImport("libc", EntryPoint = "getgrgid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint GetGroup(uint groupId);
}
