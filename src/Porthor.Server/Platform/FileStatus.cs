using System.Runtime.InteropServices;

namespace Porthor.Server.Platform;

/// <summary>
/// Represents the owner, group and mode of a file or directory. .NET reports only the mode, so this type calls <c>statx</c>.
/// </summary>
/// <param name="OwnerId">The numeric user id of the owner.</param>
/// <param name="GroupId">The numeric group id.</param>
/// <param name="Mode">The permission bits.</param>
internal readonly partial record struct FileStatus(uint OwnerId, uint GroupId, UnixFileMode Mode)
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicFields = 0x7ff;
    private const int PermissionBits = 0xfff;

    // struct statx has the same layout on every architecture (statx(2)).
    private const int StructSize = 256;
    private const int OwnerOffset = 20;
    private const int GroupOffset = 24;
    private const int ModeOffset = 28;

    /// <summary>Gets the effective user id of this process.</summary>
    public static uint CurrentUserId => GetEffectiveUserId();

    /// <summary>Gets the mode in the notation of <c>chmod</c>, for example <c>0700</c>.</summary>
    public string OctalMode => Convert.ToString((int)Mode, toBase: 8).PadLeft(4, '0');

    /// <summary>Reads the status of a file or directory.</summary>
    /// <param name="path">The path.</param>
    /// <param name="followLink">False to read the status of a symbolic link itself.</param>
    /// <returns>Null if the path does not exist or the operating system is not Linux.</returns>
    public static FileStatus? TryRead(string path, bool followLink = true)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> buffer = stackalloc byte[StructSize];
        if (Statx(CurrentDirectory, path, followLink ? 0 : NoFollow, BasicFields, ref MemoryMarshal.GetReference(buffer)) != 0)
            return null;
        var mode = MemoryMarshal.Read<ushort>(buffer[ModeOffset..]);
        return new FileStatus(
            MemoryMarshal.Read<uint>(buffer[OwnerOffset..]), MemoryMarshal.Read<uint>(buffer[GroupOffset..]),
            (UnixFileMode)(mode & PermissionBits));
    }

    /// <summary>Returns the name of a user, or <c>user 1234</c> if <c>/etc/passwd</c> does not list the id.</summary>
    public static string NameOf(uint userId)
    {
        try
        {
            var entry = File.ReadLines("/etc/passwd").Select(line => line.Split(':'))
                .FirstOrDefault(fields => fields.Length > 2 && fields[2] == $"{userId}");
            return entry?[0] ?? $"user {userId}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"user {userId}";
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte buffer);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint GetEffectiveUserId();
}
