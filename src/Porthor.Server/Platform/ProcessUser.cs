using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Porthor.Server.Platform;

/// <summary>
/// Drops root privileges before a data directory of another user is opened. All files that are then written there belong to that user.
/// Through a symbolic link in the directory, the process can write only where that user can write (decision 25).
/// </summary>
internal static partial class ProcessUser
{
    private const int NameField = 0;
    private const int UserField = 2;
    private const int GroupField = 3;

    /// <summary>
    /// Switches this process permanently to the owner of a directory if the process runs as root and the directory belongs to another
    /// user. Does nothing if the directory does not exist, and on systems other than Linux.
    /// </summary>
    /// <exception cref="StartException">The operating system does not permit the change.</exception>
    public static void SwitchToOwnerOf(string directory)
    {
        if (!OperatingSystem.IsLinux() || FileStatus.CurrentUserId != 0 || FileStatus.TryRead(directory) is not { OwnerId: not 0 } status)
            return;
        var (name, group) = AccountOf(status.OwnerId) ?? (null, status.GroupId != 0 ? status.GroupId : status.OwnerId);
        // The groups are changed first, because changing them needs root privileges.
        Require(name is null ? SetGroups(1, [group]) : InitializeGroups(name, group), directory, status.OwnerId);
        Require(SetGroupIds(group, group, group), directory, status.OwnerId);
        Require(SetUserIds(status.OwnerId, status.OwnerId, status.OwnerId), directory, status.OwnerId);
        RequireProgram(status.OwnerId);
    }

    /// <summary>Returns the name and the primary group of a user; null if <c>/etc/passwd</c> does not list the id.</summary>
    private static (string? Name, uint Group)? AccountOf(uint userId)
    {
        try
        {
            foreach (var fields in File.ReadLines("/etc/passwd").Select(line => line.Split(':')))
            {
                if (fields.Length > GroupField && fields[UserField] == $"{userId}" && uint.TryParse(fields[GroupField], out var group))
                    return (fields[NameField], group);
            }
        }
        catch (IOException)
        {
            // In this case the group of the directory is used.
        }
        return null;
    }

    /// <summary>Checks that the other user can read the files of the program. The runtime loads some of them later.</summary>
    private static void RequireProgram(uint userId)
    {
        foreach (var path in (string[])[Path.Combine(AppContext.BaseDirectory, "porthor.dll"), typeof(object).Assembly.Location])
        {
            try
            {
                using var file = File.OpenHandle(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                var name = FileStatus.NameOf(userId);
                throw new StartException(
                    $"The data directory belongs to {name}, and {name} cannot read {path}. "
                    + $"Install the program where {name} can read it, for example in /opt/porthor.", e);
            }
        }
    }

    private static void Require(int result, string directory, uint userId)
    {
        if (result == 0)
            return;
        var reason = new Win32Exception(Marshal.GetLastPInvokeError()).Message;
        throw new StartException(
            $"The data directory {directory} belongs to {FileStatus.NameOf(userId)}, and Porthor cannot switch to that user: {reason}. "
            + $"Run the command as {FileStatus.NameOf(userId)}.");
    }

    [LibraryImport("libc", EntryPoint = "initgroups", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int InitializeGroups(string user, uint group);

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetGroups(nuint count, [In] uint[] groups);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetGroupIds(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetUserIds(uint real, uint effective, uint saved);
}
