"""What a failed job tells a person: what happened, that nothing was half done, and what helps."""

from __future__ import annotations

import errno
import re

import sqlalchemy as sa

from etl.file_faults import told_zh
from layers.errors import (
    ApprovalNeededError,
    AtlasError,
    CatalogError,
    EditionError,
    InputError,
    NotFoundError,
    SourceFileError,
    TooManyRefusedError,
)

ADVICE: tuple[tuple[type[AtlasError], str], ...] = (
    (TooManyRefusedError, "退回的行超过该来源允许的比例,没有入库。请下载退回表改正后重新上传,或核对列的对应关系"),
    (ApprovalNeededError, "须先由人同意,没有入库。请重新校验,看过差异后再批准"),
    (CatalogError, "列的对应关系不完整或不正确。请回到“映射”一步改正后再校验"),
    (EditionError, "版次不在可以操作的状态,没有改变任何版次"),
    (NotFoundError, "没有找到所需的记录,可能已被撤回或删除。请刷新页面后再试"),
    (AtlasError, "没有完成,没有写入任何数据"),
)
DECISIONS = {
    "crs": "坐标系须由人确认", "ignore": "有的列既没有对应字段,也没有标为不用", "title_zh": "请填写来源名称", "supplier": "请填写报送单位",
    "layer": "请选择图层", "id": "来源代码应为小写字母、数字和下划线", "fields": "选了文件里没有的列",
}
"""What is lacking of a confirmation, by the decision at fault; any other one is a field of the layer."""
DISK_FULL = "磁盘空间不足,没有写入任何数据。请清理磁盘后重试", "the disk is full, nothing was written; make room, then try again"
DENIED = "没有写入文件夹的权限。请以安装者身份重新启动服务后再试", "a folder cannot be written to; start the server again as its installer"
DATABASE = "数据库连接中断,没有写入任何数据。请稍后重试", "the connection to the database was lost, nothing was written; try again later"
MEMORY = "内存不足,没有写入任何数据。请把文件分小后再试", "not enough memory, nothing was written; deliver smaller files"
FAULT = "程序出错,没有写入任何数据,详情已记入日志。请把任务编号告诉维护人员", "a fault of the program, nothing was written; tell those who maintain it the job's number"


FOLDER = re.compile(r"(?<![^\s:])(/[^\s/:;]+)+/(?=[^\s/:;]+)")
"""Where files lie on the machine says nothing to those who sent them."""


def explained(error: BaseException) -> tuple[str, str]:
    """Words for people in Chinese and English, without folders of the machine; faults of the program are not quoted.

    >>> explained(SourceFileError("/srv/atlas/uploads/7/企业.csv", "no rows", "rows"))[1]
    '企业.csv: found no rows; expected rows'
    """
    zh, en = _explained(error)
    return FOLDER.sub("", zh), FOLDER.sub("", en)


def _explained(error: BaseException) -> tuple[str, str]:
    if isinstance(error, InputError):
        zh = DECISIONS.get(error.field, f"字段 {error.field} 还没有确认:必填字段须有对应的列,代码须逐一确认")
        return f"{zh}。请在“映射”一步改正:{error}", str(error)
    if isinstance(error, SourceFileError):
        return f"{error.path}:{told_zh(error)}。没有写入任何数据", str(error)
    if isinstance(error, AtlasError):
        zh = next(words for kind, words in ADVICE if isinstance(error, kind))
        return f"{zh}:{error}", str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    if isinstance(error, PermissionError):
        return DENIED
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return DISK_FULL if "No space left" in str(error) else DATABASE
    return FAULT
